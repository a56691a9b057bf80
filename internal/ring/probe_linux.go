package ring

import (
	"errors"
	"fmt"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/internal/abi"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// Probe finds out what the kernel can do, by doing it. Only success is kept:
// what failed for want of memory or descriptors may work later.
func Probe() (Feature, error) {
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

// probeKernel is Probe without a memory.
func probeKernel() (Feature, error) {
	feats := FeatIOUring
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
	if err := pr.socket(); err != nil {
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
			if flags&abi.SetupRDisabled != 0 {
				return abi.EnableRings(pr.r.fd)
			}
			return nil
		}
	}
	return []attempt{
		{FeatCoopTaskrun, 0, setup(abi.SetupCoopTaskrun | abi.SetupTaskrunFlag | abi.SetupSubmitAll)},
		{FeatSingleIssuer, 0, setup(abi.SetupSingleIssuer | abi.SetupRDisabled)},
		{FeatDeferTaskrun, FeatSingleIssuer, setup(abi.SetupSingleIssuer | abi.SetupDeferTaskrun | abi.SetupRDisabled)},
		{FeatProvidedBuffers, 0, func() error {
			if err := pr.r.ProvideBuffers(256, 4); err != nil {
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
type prober struct{ r *Ring }

func newProber(flags uint32) (*prober, error) {
	r, err := New(Options{SQEntries: 4, CQEntries: 8, Flags: flags})
	if err != nil {
		return nil, err
	}
	return &prober{r}, nil
}

func (pr *prober) close() { pr.r.Close() }

// do submits a request, runs between and returns its first completion, for
// which it waits about a second at most.
func (pr *prober) do(q Request, between func()) (Completion, error) {
	pr.r.Push(q)
	return pr.await(q.User, between)
}

// await submits what was pushed, runs between and waits for the completion of
// user.
func (pr *prober) await(user slots.UserData, between ...func()) (Completion, error) {
	r := pr.r
	if errno := r.Submit(true); errno != 0 {
		return Completion{}, fmt.Errorf("io_uring_enter: %w", errno)
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
			c := Completion{slots.UserData(e.UserData()), e.Result(), e.Flags()}
			m.cqHead.Store(head + 1)
			if c.User == user {
				return c, nil
			}
			continue // what an earlier request left
		}
		fds := []unix.PollFd{{Fd: int32(r.fd), Events: unix.POLLIN}}
		_, _ = unix.Poll(fds, 1)
		if _, errno := abi.Enter(r.fd, 0, abi.EnterGetevents); errno != 0 && errno != syscall.EINTR {
			return Completion{}, fmt.Errorf("io_uring_enter: %w", errno)
		}
	}
	return Completion{}, errors.New("io_uring: a probe did not complete")
}

func (pr *prober) nop() error {
	c, err := pr.do(Request{Op: abi.OpcodeNop, FD: -1}, nil)
	if err == nil && c.Res != 0 {
		err = fmt.Errorf("io_uring NOP: %w", syscall.Errno(-c.Res))
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

// socket tries what every tier needs: a receive that finds nothing and ends all the
// same, a send, and a receive of what was sent, each inside the call that submits it.
func (pr *prober) socket() error {
	p, err := pair()
	if err != nil {
		return fmt.Errorf("socketpair: %w", err)
	}
	defer closePair(p)
	msg := make([]byte, 1)
	for i, want := range []struct {
		op   uint8
		what string
		fd   int
		res  int32
	}{
		{abi.OpcodeRecv, "recv", p[0], -int32(syscall.EAGAIN)},
		{abi.OpcodeSend, "send", p[1], 1},
		{abi.OpcodeRecv, "recv", p[0], 1},
	} {
		c, err := pr.do(Request{
			Op: want.op, FD: int32(want.fd), Addr: AddrOf(msg), Len: 1, RWFlag: unix.MSG_DONTWAIT, User: slots.UserData(10 + i),
		}, nil)
		if err != nil {
			return fmt.Errorf("%s on a socket: %w", want.what, err)
		}
		if c.Res != want.res {
			return fmt.Errorf("io_uring %s on a socket gave %d: %w", want.what, c.Res, syscall.Errno(max(-c.Res, 0)))
		}
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
	c, err := pr.do(Request{
		Op: abi.OpcodeRecv, Flags: abi.SQEBufferSelect, Ioprio: ioprio,
		FD: int32(p[0]), Buf: BufGroup, User: 4,
	}, func() { _, _ = unix.Write(p[1], []byte{1}) })
	if err != nil {
		return err
	}
	id, ok := c.Buffer()
	if c.Res != 1 || !ok {
		return fmt.Errorf("io_uring recv: %w", syscall.Errno(max(-c.Res, 0)))
	}
	b := pr.r.bufs.Take(id, 1)
	good := b[0] == 1
	pr.r.bufs.Release(id)
	if !good || (ioprio != 0) != c.More() {
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
	c, err := pr.do(Request{
		Op: abi.OpcodeAccept, Ioprio: abi.AcceptMultishot, FD: int32(ln), RWFlag: unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK, User: 5,
	}, func() { _ = unix.Connect(client, sa) })
	if err != nil {
		return err
	}
	if c.Res < 0 {
		return fmt.Errorf("io_uring accept: %w", syscall.Errno(-c.Res))
	}
	unix.Close(int(c.Res))
	if !c.More() {
		return errors.New("io_uring accept: not multishot")
	}
	return nil
}

// link tries two requests that are linked, of which the first fails: the second
// must not run.
func (pr *prober) link() error {
	pr.r.PushChain([]Request{
		{Op: abi.OpcodeRead, FD: -1, Flags: abi.SQELink, User: 6},
		{Op: abi.OpcodeNop, FD: -1, User: 7},
	})
	c, err := pr.await(7)
	if err == nil && c.Res != -int32(syscall.ECANCELED) {
		err = fmt.Errorf("io_uring link: %w", syscall.Errno(max(-c.Res, 0)))
	}
	return err
}

// sendZeroCopy asks for a zero-copy send, with its report, on no socket and of
// no memory: a kernel that knows it says so, one that does not says EINVAL.
func (pr *prober) sendZeroCopy() error {
	for _, op := range []uint8{abi.OpcodeSendZC, abi.OpcodeSendmsgZC} {
		// Each with a user_data of its own: a NOTIF may follow the failure.
		c, err := pr.do(Request{Op: op, Ioprio: abi.SendZCReportUsage, FD: -1, User: slots.UserData(op)}, nil)
		if err != nil {
			return err
		}
		if c.Res != -int32(syscall.EBADF) && c.Res != -int32(syscall.EFAULT) {
			return fmt.Errorf("io_uring zero-copy send: %w", syscall.Errno(max(-c.Res, 0)))
		}
	}
	return nil
}
