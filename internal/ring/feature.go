package ring

import (
	"fmt"
	"strings"
)

// Feature is a set of kernel features that can be probed for and switched off one
// by one.
type Feature uint32

// The features, with the kernel that brought each.
const (
	FeatProvidedBuffers Feature = 1 << iota // IORING_REGISTER_PBUF_RING (5.19)
	FeatMultishotAccept                     // IORING_ACCEPT_MULTISHOT (5.19)
	FeatMultishotRecv                       // IORING_RECV_MULTISHOT (6.0)
	FeatCoopTaskrun                         // IORING_SETUP_COOP_TASKRUN, TASKRUN_FLAG (5.19)
	FeatSingleIssuer                        // IORING_SETUP_SINGLE_ISSUER (6.0)
	FeatDeferTaskrun                        // IORING_SETUP_DEFER_TASKRUN (6.1)
	FeatExtArg                              // IORING_FEAT_EXT_ARG (5.11)
	FeatMinTimeout                          // IORING_FEAT_MIN_TIMEOUT (6.12)
	FeatLinks                               // IOSQE_IO_LINK, IOSQE_IO_HARDLINK, IORING_OP_LINK_TIMEOUT (5.5)
	FeatIOUring                             // io_uring itself (5.1): without it sockets are served by readiness alone
	FeatSendZC                              // IORING_OP_SEND_ZC, IORING_OP_SENDMSG_ZC, IORING_SEND_ZC_REPORT_USAGE (6.2)

	featEnd
)

// AllFeatures is every feature there is.
const AllFeatures = featEnd - 1

var featureNames = []struct {
	bit    Feature
	name   string
	kernel string
}{
	{FeatProvidedBuffers, "provided-buffers", "5.19"},
	{FeatMultishotAccept, "multishot-accept", "5.19"},
	{FeatMultishotRecv, "multishot-recv", "6.0"},
	{FeatCoopTaskrun, "coop-taskrun", "5.19"},
	{FeatSingleIssuer, "single-issuer", "6.0"},
	{FeatDeferTaskrun, "defer-taskrun", "6.1"},
	{FeatExtArg, "ext-arg", "5.11"},
	{FeatMinTimeout, "min-timeout", "6.12"},
	{FeatLinks, "links", "5.5"},
	{FeatSendZC, "send-zc", "6.2"},
	{FeatIOUring, "io-uring", "5.1"},
}

// Has reports whether every feature of g is in f.
func (f Feature) Has(g Feature) bool { return f&g == g }

// Names returns the names of the features in f.
func (f Feature) Names() []string {
	var names []string
	for _, n := range featureNames {
		if f&n.bit != 0 {
			names = append(names, n.name)
		}
	}
	return names
}

// String returns the names of the features in f, separated by commas.
func (f Feature) String() string { return strings.Join(f.Names(), ",") }

// MinKernel returns the first kernel version that has the feature f (a single
// bit), or "" if there is no such feature.
func (f Feature) MinKernel() string {
	for _, n := range featureNames {
		if n.bit == f {
			return n.kernel
		}
	}
	return ""
}

// ParseFeature returns the feature of that name.
func ParseFeature(name string) (Feature, error) {
	for _, n := range featureNames {
		if n.name == name {
			return n.bit, nil
		}
	}
	return 0, fmt.Errorf("uringnet: unknown feature %q (one of %s)", name, AllFeatures)
}
