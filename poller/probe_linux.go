package poller

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"

	iouring "github.com/iceber/iouring-go/syscall"
	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// setupFlags returns the io_uring_setup flags of ring id and the CPU of its
// kernel thread.
func setupFlags(cfg *Config, feats Feature, id int) (flags uint32, cpu int) {
	flags = 0
	switch cfg.Mode {
	case SQPoll:
		flags |= iouring.IORING_SETUP_SQPOLL
		if n := len(cfg.SQPollCPUs); n > 0 {
			flags |= iouring.IORING_SETUP_SQ_AFF
			return flags, cfg.SQPollCPUs[id%n]
		}
		return flags, 0
	case Dedicated:
		if feats.Has(FeatSingleIssuer) {
			// Disabled until its thread enables it and so becomes the issuer.
			flags |= abi.SetupSingleIssuer | iouring.IORING_SETUP_R_DISABLED
			if feats.Has(FeatDeferTaskrun) {
				return flags | abi.SetupDeferTaskrun | abi.SetupSubmitAll, 0
			}
		}
	}
	if feats.Has(FeatCoopTaskrun) {
		flags |= abi.SetupCoopTaskrun | abi.SetupTaskrunFlag | abi.SetupSubmitAll
	}
	return flags, 0
}

// probe finds out what the kernel can do, by doing it. Only success is kept:
// what failed for want of memory or descriptors may work later.
func probe() (Feature, error) {
	probed.Lock()
	defer probed.Unlock()
	if probed.ok {
		return probed.feats, nil
	}
	feats, err := probeKernel()
	if err == nil {
		probed.ok, probed.feats = true, feats
	}
	return feats, err
}

var probed struct {
	sync.Mutex
	ok    bool
	feats Feature
}

func probeKernel() (Feature, error) {
	feats := FeatInlineSubmit | FeatEagerRecv
	pr, err := newProber(0)
	if err != nil {
		return 0, err
	}
	defer pr.close()
	if err := pr.nop(); err != nil {
		return 0, err
	}
	if pr.r.params.Features&abi.FeatNodrop == 0 {
		return 0, errors.New("io_uring lacks IORING_FEAT_NODROP (kernel 5.5): completions could be lost")
	}
	if pr.r.params.Features&abi.FeatExtArg != 0 {
		feats |= FeatExtArg
	}
	if pr.r.params.Features&abi.FeatMinTimeout != 0 {
		feats |= FeatMinTimeout
	}
	if err := pr.pollSocket(); err != nil {
		return 0, err
	}
	for _, a := range pr.attempts() {
		if !feats.Has(a.needs) {
			continue
		}
		switch err := a.try(); {
		case err == nil:
			feats |= a.feat
		case shortage(err):
			return 0, err // it says nothing about the kernel
		}
	}
	return feats, nil
}

// attempt is how a feature is found out.
type attempt struct {
	feat, needs Feature
	try         func() error
}

func (pr *prober) attempts() []attempt {
	setup := func(flags uint32) func() error {
		return func() error {
			pr, err := newProber(flags)
			if err != nil {
				return err
			}
			defer pr.close()
			if flags&iouring.IORING_SETUP_R_DISABLED != 0 {
				return abi.EnableRings(pr.r.fd)
			}
			return nil
		}
	}
	return []attempt{
		{FeatCoopTaskrun, 0, setup(abi.SetupCoopTaskrun | abi.SetupTaskrunFlag | abi.SetupSubmitAll)},
		{FeatSingleIssuer, 0, setup(abi.SetupSingleIssuer | iouring.IORING_SETUP_R_DISABLED)},
		{FeatDeferTaskrun, FeatSingleIssuer, setup(abi.SetupSingleIssuer | abi.SetupDeferTaskrun | iouring.IORING_SETUP_R_DISABLED)},
		{FeatProvidedBuffers, 0, func() error {
			if err := pr.r.provideBuffers(256, 4); err != nil {
				return err
			}
			return pr.recv(0)
		}},
		{FeatMultishotRecv, FeatProvidedBuffers, func() error { return pr.recv(abi.RecvMultishot) }},
		{FeatMultishotAccept, 0, pr.acceptMultishot},
		{FeatLinks, 0, pr.link},
		{FeatSendZC, 0, pr.sendZeroCopy},
	}
}

// shortage reports whether an error means that this process or machine is
// short of something, not that the kernel lacks it.
func shortage(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// prober is a small ring to try things on.
type prober struct{ r *ring }

func newProber(flags uint32) (*prober, error) {
	cfg := Config{SQEntries: 4, CQEntries: 8}
	r, err := setupRing(&cfg, flags, 0)
	if err != nil {
		return nil, err
	}
	r.p = &Poller{}
	return &prober{r}, nil
}

func (pr *prober) close() { pr.r.release() }

// do submits a request, runs between and returns its first completion, for
// which it waits about a second at most.
func (pr *prober) do(q request, between func()) (completion, error) {
	pr.r.push(q)
	return pr.await(q.user, between)
}

// await submits what was pushed, runs between and waits for the completion of
// user.
func (pr *prober) await(user userData, between ...func()) (completion, error) {
	r := pr.r
	if errno := r.submit(true); errno != 0 {
		return completion{}, fmt.Errorf("io_uring_enter: %w", errno)
	}
	for _, f := range between {
		if f != nil {
			f()
		}
	}
	m := r.mem
	for range 1000 {
		if head := m.cqHead.Load(); head != m.cqTail.Load() {
			e := &m.cqes[head&m.cqMask]
			c := completion{userData(e.UserData()), e.Result(), e.Flags()}
			m.cqHead.Store(head + 1)
			if c.user == user {
				return c, nil
			}
			continue // what an earlier request left
		}
		fds := []unix.PollFd{{Fd: int32(r.fd), Events: unix.POLLIN}}
		_, _ = unix.Poll(fds, 1)
		if _, errno := abi.Enter(r.fd, 0, abi.EnterGetevents); errno != 0 && errno != syscall.EINTR {
			return completion{}, fmt.Errorf("io_uring_enter: %w", errno)
		}
	}
	return completion{}, errors.New("io_uring: a probe did not complete")
}

func (pr *prober) nop() error {
	c, err := pr.do(request{op: iouring.IORING_OP_NOP, fd: -1}, nil)
	if err == nil && c.res != 0 {
		err = fmt.Errorf("io_uring NOP: %w", syscall.Errno(-c.res))
	}
	return err
}

// pair returns a connected pair of unix sockets.
func pair() ([2]int, error) {
	return unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
}

func closePair(p [2]int) {
	unix.Close(p[0])
	unix.Close(p[1])
}

// pollSocket tries what every tier needs: a send, and a poll of a socket that
// becomes readable later.
func (pr *prober) pollSocket() error {
	p, err := pair()
	if err != nil {
		return fmt.Errorf("socketpair: %w", err)
	}
	defer closePair(p)
	msg := make([]byte, 1)
	send := func() {
		pr.r.push(request{op: iouring.IORING_OP_SEND, fd: int32(p[1]), addr: addrOf(msg), len: 1, user: 2})
	}
	c, err := pr.do(request{op: iouring.IORING_OP_POLL_ADD, fd: int32(p[0]), rwFlag: pollMask(unix.POLLIN), user: 1}, func() {
		send()
		_ = pr.r.submit(true) // without it the poll does not complete either
	})
	if err != nil {
		return fmt.Errorf("poll and send on a socket: %w", err)
	}
	if c.res < 0 {
		return fmt.Errorf("io_uring poll of a socket: %w", syscall.Errno(-c.res))
	}
	return nil
}

// recv tries a receive into a provided buffer that has to wait for its byte.
func (pr *prober) recv(ioprio uint16) error {
	p, err := pair()
	if err != nil {
		return err
	}
	defer closePair(p)
	c, err := pr.do(request{
		op: iouring.IORING_OP_RECV, flags: iouring.IOSQE_FLAGS_BUFFER_SELECT, ioprio: ioprio,
		fd: int32(p[0]), buf: bufGroup, user: 4,
	}, func() { _, _ = unix.Write(p[1], []byte{1}) })
	if err != nil {
		return err
	}
	id, ok := c.buffer()
	if c.res != 1 || !ok {
		return fmt.Errorf("io_uring recv: %w", syscall.Errno(max(-c.res, 0)))
	}
	b := pr.r.bufs.Take(id, 1)
	good := b[0] == 1
	pr.r.bufs.Release(id)
	if !good || (ioprio != 0) != c.more() {
		return errors.New("io_uring recv: wrong completion")
	}
	return nil
}

// acceptMultishot tries a multishot accept on an autobound abstract socket.
func (pr *prober) acceptMultishot() error {
	ln, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer unix.Close(ln)
	if err := unix.Bind(ln, &unix.SockaddrUnix{}); err != nil {
		return err
	}
	if err := unix.Listen(ln, 1); err != nil {
		return err
	}
	sa, err := unix.Getsockname(ln)
	if err != nil {
		return err
	}
	client, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer unix.Close(client)
	c, err := pr.do(request{
		op: iouring.IORING_OP_ACCEPT, ioprio: abi.AcceptMultishot, fd: int32(ln), rwFlag: acceptFlags, user: 5,
	}, func() { _ = unix.Connect(client, sa) })
	if err != nil {
		return err
	}
	if c.res < 0 {
		return fmt.Errorf("io_uring accept: %w", syscall.Errno(-c.res))
	}
	unix.Close(int(c.res))
	if !c.more() {
		return errors.New("io_uring accept: not multishot")
	}
	return nil
}

// link tries two requests that are linked, of which the first fails: the second
// must not run.
func (pr *prober) link() error {
	pr.r.pushChain([]request{
		{op: iouring.IORING_OP_READ, fd: -1, flags: iouring.IOSQE_FLAGS_IO_LINK, user: 6},
		{op: iouring.IORING_OP_NOP, fd: -1, user: 7},
	})
	c, err := pr.await(7)
	if err == nil && c.res != -int32(syscall.ECANCELED) {
		err = fmt.Errorf("io_uring link: %w", syscall.Errno(max(-c.res, 0)))
	}
	return err
}

// sendZeroCopy asks for a zero-copy send, with its report, on no socket and of
// no memory: a kernel that knows it says so, one that does not says EINVAL.
func (pr *prober) sendZeroCopy() error {
	for _, op := range []uint8{iouring.IORING_OP_SEND_ZC, iouring.IORING_OP_SENDMSG_ZC} {
		// Each with a user_data of its own: a NOTIF may follow the failure.
		c, err := pr.do(request{op: op, ioprio: abi.SendZCReportUsage, fd: -1, user: userData(op)}, nil)
		if err != nil {
			return err
		}
		if c.res != -int32(syscall.EBADF) && c.res != -int32(syscall.EFAULT) {
			return fmt.Errorf("io_uring zero-copy send: %w", syscall.Errno(max(-c.res, 0)))
		}
	}
	return nil
}

// kernelRelease returns the running kernel's release, as uname -r prints it.
func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}

// explain adds to an error of set-up what is likely behind it.
func explain(err error) error {
	var hint string
	switch {
	case errors.Is(err, syscall.ENOSYS):
		hint = "the kernel has no io_uring (it needs 5.19 to be of use), or a seccomp filter hides it"
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		hint = "a seccomp filter blocks io_uring (container runtimes' default profiles do)"
		if v := sysctl("kernel/io_uring_disabled"); v == "1" || v == "2" {
			hint = "sysctl kernel.io_uring_disabled=" + v
		}
	case errors.Is(err, syscall.ENOMEM):
		hint = "not enough memory, or RLIMIT_MEMLOCK is too low for the rings of a process without CAP_IPC_LOCK"
	case errors.Is(err, syscall.EMFILE):
		hint = "RLIMIT_NOFILE is too low"
	default:
		return &SetupError{Err: err, Kernel: kernelRelease()}
	}
	return &SetupError{Err: err, Hint: hint, Kernel: kernelRelease()}
}

func sysctl(name string) string {
	b, err := os.ReadFile("/proc/sys/" + name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
