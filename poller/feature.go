package poller

import "github.com/uringnet/go-uringnet/internal/ring"

// Feature is a set of kernel features that can be probed for and switched off one
// by one.
type Feature = ring.Feature

// The features, with the kernel that brought each.
const (
	FeatIOUring         = ring.FeatIOUring         // io_uring itself (5.1); without it sockets are served by readiness alone
	FeatProvidedBuffers = ring.FeatProvidedBuffers // IORING_REGISTER_PBUF_RING (5.19)
	FeatMultishotAccept = ring.FeatMultishotAccept // IORING_ACCEPT_MULTISHOT (5.19)
	FeatMultishotRecv   = ring.FeatMultishotRecv   // IORING_RECV_MULTISHOT (6.0)
	FeatCoopTaskrun     = ring.FeatCoopTaskrun     // IORING_SETUP_COOP_TASKRUN, TASKRUN_FLAG (5.19)
	FeatSingleIssuer    = ring.FeatSingleIssuer    // IORING_SETUP_SINGLE_ISSUER (6.0)
	FeatDeferTaskrun    = ring.FeatDeferTaskrun    // IORING_SETUP_DEFER_TASKRUN (6.1)
	FeatExtArg          = ring.FeatExtArg          // IORING_FEAT_EXT_ARG (5.11)
	FeatMinTimeout      = ring.FeatMinTimeout      // IORING_FEAT_MIN_TIMEOUT (6.12)
	FeatLinks           = ring.FeatLinks           // IOSQE_IO_LINK, IOSQE_IO_HARDLINK, IORING_OP_LINK_TIMEOUT (5.5)
	FeatSendZC          = ring.FeatSendZC          // IORING_OP_SEND_ZC, IORING_OP_SENDMSG_ZC, IORING_SEND_ZC_REPORT_USAGE (6.2)
)

// AllFeatures is every feature there is.
const AllFeatures = ring.AllFeatures

// ParseFeature returns the feature of that name.
func ParseFeature(name string) (Feature, error) { return ring.ParseFeature(name) }
