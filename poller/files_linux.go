package poller

import (
	"fmt"

	iouring "github.com/iceber/iouring-go/syscall"

	"github.com/uringnet/go-uringnet/internal/abi"
)

// Registered files: with Config.FixedFiles, slot i of the FD table has entry i
// of every ring's file table, as a request goes to whichever ring its caller
// runs on. The FD keeps its ordinary descriptor, for SyscallConn and File.

// registerTables makes the tables. Where it cannot, there are none, and the
// reason is returned.
func (p *Poller) registerTables() error {
	if p.cfg.FixedFiles == 0 {
		return nil
	}
	for _, r := range p.rings {
		if err := abi.RegisterFileTable(r.fd, p.cfg.FixedFiles); err != nil {
			return fmt.Errorf("no registered files: %w", unwrapErrno(err))
		}
	}
	p.files = p.cfg.FixedFiles
	return nil
}

// enterFile enters the FD's descriptor in every table, if it has a place.
func (fd *FD) enterFile() {
	if int(fd.slot) >= fd.p.files {
		return
	}
	for _, r := range fd.p.rings {
		if !r.updateFile(fd.slot, int32(fd.sysfd)) {
			fd.dropFile()
			return
		}
	}
	fd.fixed = true
}

// dropFile takes it out again. Until then the tables hold the file: closing
// the descriptor alone would not end the connection.
func (fd *FD) dropFile() {
	if int(fd.slot) >= fd.p.files {
		return
	}
	for _, r := range fd.p.rings {
		r.updateFile(fd.slot, -1)
	}
}

// updateFile sets an entry of the ring's table; -1 empties it.
func (r *ring) updateFile(index uint32, sysfd int32) bool {
	r.sqMu.Lock()
	defer r.sqMu.Unlock()
	return !r.gone && abi.UpdateFile(r.fd, index, sysfd) == nil
}

// push queues a request on the FD: on its entry in the tables, or on its
// descriptor.
func (fd *FD) push(r *ring, q request) {
	q.fd = int32(fd.sysfd)
	if fd.fixed {
		q.fd = int32(fd.slot)
		q.flags |= iouring.IOSQE_FLAGS_FIXED_FILE
	}
	r.push(q)
}
