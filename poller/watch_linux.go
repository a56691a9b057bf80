package poller

import (
	"github.com/uringnet/go-uringnet/internal/ring"
	"github.com/uringnet/go-uringnet/internal/slots"
)

// watch has the FD's readiness reported, and with out that it can be written to. It
// is called before the first wait: what happens from then on, or has happened since
// the kernel was asked, is noted.
func (fd *FD) watch(bits uint32) error {
	if fd.watched.Load()&bits == bits {
		return nil
	}
	fd.mu.Lock()
	defer fd.mu.Unlock()
	return fd.watchLocked(bits)
}

// watchLocked is watch with mu held.
func (fd *FD) watchLocked(bits uint32) error {
	bits |= fd.watched.Load() | watchedEnd
	if fd.closing != nil || fd.watched.Load() == bits {
		return nil
	}
	return fd.report(bits)
}

// narrow ends the reports that there is something to read, but those of the end.
func (fd *FD) narrow() {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if bits := fd.watched.Load(); bits&watchedIn != 0 && fd.closing == nil && fd.ev.Load() == nil {
		_ = fd.report(bits &^ watchedIn) // more reports than are needed do no harm
	}
}

// report has the FD's loop report so much. mu is held.
func (fd *FD) report(bits uint32) error {
	u := slots.MakeUserData(fd.place, slots.OpNone)
	var err error
	if l := fd.loop.Load(); l != nil {
		err = l.set.Modify(fd.sysfd, u, bits&watchedIn != 0, bits&watchedOut != 0)
	} else if l, err = fd.p.loopOf(fd); err == nil {
		if err = l.set.Add(fd.sysfd, u, bits&watchedIn != 0, bits&watchedOut != 0); err == nil {
			fd.loop.Store(l)
		}
	}
	if err == nil {
		fd.watched.Store(bits)
	}
	return ring.Errno(err)
}

// unwatch ends the reports. mu is held.
func (fd *FD) unwatch() {
	if l := fd.loop.Swap(nil); l != nil {
		_ = l.set.Del(fd.sysfd)
		fd.watched.Store(0)
	}
}

// unwatchIn ends the reports, unless somebody waits by them for room. mu is held.
func (fd *FD) unwatchIn() {
	if fd.watched.Load()&watchedOut == 0 {
		fd.unwatch()
	}
}

// loopOf chooses the loop that is to watch an FD.
func (p *Poller) loopOf(fd *FD) (*loop, error) {
	if ev := fd.ev.Load(); ev != nil && ev.home.loop != nil {
		return ev.home.loop, nil
	}
	return p.cores[int(fd.place.Slot)%len(p.cores)].loop, nil
}
