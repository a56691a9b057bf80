package ring

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/uringnet/go-uringnet/bufpool"
	"github.com/uringnet/go-uringnet/internal/abi"
)

// BufGroup is the id of each ring's only group of provided buffers.
const BufGroup = 0

// ProvideBuffers gives the ring its provided buffers, fewer if memory is short.
func (r *Ring) ProvideBuffers(size, count int) error {
	for {
		b, err := bufpool.NewRing(size, count)
		if err == nil {
			if err = abi.RegisterBufRing(r.fd, b.Addr(), uint32(count), BufGroup); err == nil {
				r.bufs = b
				return nil
			}
			b.Close()
		}
		if !errors.Is(err, syscall.ENOMEM) || count <= 1 {
			return fmt.Errorf("provided buffer ring: %w", Errno(err))
		}
		count /= 2
	}
}

// RegisterFiles makes a table of n registered files, all empty.
func (r *Ring) RegisterFiles(n int) error { return Errno(abi.RegisterFileTable(r.fd, n)) }

// UpdateFile sets an entry of the ring's table of files; -1 empties it.
func (r *Ring) UpdateFile(index uint32, fd int32) bool {
	r.sqMu.Lock()
	defer r.sqMu.Unlock()
	return !r.gone && abi.UpdateFile(r.fd, index, fd) == nil
}

// RegisterBuffer registers b as the ring's only fixed buffer, number 0.
func (r *Ring) RegisterBuffer(b []byte) error { return Errno(abi.RegisterBuffers(r.fd, b)) }

// UnregisterBuffer undoes RegisterBuffer.
func (r *Ring) UnregisterBuffer() { _ = abi.UnregisterBufferTable(r.fd) }

// LimitWorkers sets how many io-wq workers each thread that submits may have, and
// returns what the kernel then says: it gives the limits to each thread sooner or
// later (io_register_iowq_max_workers, io_uring/register.c).
func (r *Ring) LimitWorkers(bounded, unbounded int) ([2]int, error) {
	if _, err := abi.MaxWorkers(r.fd, uint32(bounded), uint32(unbounded)); err != nil {
		return [2]int{}, Errno(err)
	}
	now, err := abi.MaxWorkers(r.fd, 0, 0)
	return [2]int{int(now[0]), int(now[1])}, Errno(err)
}

// Confine binds the io-wq workers of the calling thread, or of the ring's kernel
// thread, to CPUs.
func (r *Ring) Confine(cpus []int) error { return Errno(abi.WorkerCPUs(r.fd, cpus)) }

// Enable makes the calling thread the issuer of a ring set up as disabled.
func (r *Ring) Enable() error { return Errno(abi.EnableRings(r.fd)) }

// Settle returns when the kernel has let go of the files of all requests whose
// completions were seen: it drops them with uring_lock held, right after it
// posts the completion (__io_submit_flush_completions, io_uring/io_uring.c),
// and io_uring_register takes that lock too. The call itself is refused, on purpose.
func (r *Ring) Settle() {
	r.sqMu.Lock() // not enterMu, with which a dedicated thread sleeps
	defer r.sqMu.Unlock()
	if !r.gone {
		_ = abi.EnableRings(r.fd)
	}
}
