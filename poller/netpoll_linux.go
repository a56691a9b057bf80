package poller

import "github.com/uringnet/go-uringnet/internal/rt"

// A place in the runtime's netpoller is woken, and given up, by whoever wakes and closes an
// FD; apart_linux.go has those who wait there.

// leave gives up the place. Nobody waits there.
func (n *netpoll) leave() {
	n.mu.Lock()
	defer n.mu.Unlock()
	at := rt.Netpoll(n.at.Swap(0))
	if at == 0 {
		return
	}
	if !n.over {
		at.Unblock()
	}
	at.Release()
}

// end wakes whoever waits: nobody will any more.
func (n *netpoll) end() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.over = true
	if at := rt.Netpoll(n.at.Load()); at != 0 {
		at.Unblock()
	}
}

// kick wakes whoever waits.
func (n *netpoll) kick(mode int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if at := rt.Netpoll(n.at.Load()); at != 0 && !n.over {
		at.Kick(mode)
	}
}

// calm ends kick.
func (n *netpoll) calm(mode int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if at := rt.Netpoll(n.at.Load()); at != 0 && !n.over {
		at.Calm(mode)
	}
}
