package poller

import "sync/atomic"

// life says who uses a descriptor, and whether it is closed. One word:
//
//	bits  0..30  users: system calls that run and requests in the kernel. Close
//	             waits for them; each ends by itself or is cancelled.
//	bits 31..61  guests: functions given to RawConn, and the memory of zero-copy
//	             sends. They may take any time: the last one closes the descriptor.
//	bit  62      closed: nobody comes any more
type life struct{ word atomic.Int64 }

const (
	user      = 1
	guest     = 1 << 31
	closedBit = 1 << 62
	userMask  = guest - 1
)

// enter counts a user or a guest. It reports false when closed.
func (l *life) enter(who int64) bool {
	for {
		w := l.word.Load()
		if w&closedBit != 0 {
			return false
		}
		if l.word.CompareAndSwap(w, w+who) {
			return true
		}
	}
}

// add counts one more while the caller is one already.
func (l *life) add(who int64) { l.word.Add(who) }

// leave takes back enter. It reports whether nobody is left of a closed descriptor's
// users.
func (l *life) leave(who int64) (last bool) {
	w := l.word.Add(-who)
	return w&closedBit != 0 && w&userMask == 0
}

func (l *life) close()       { l.word.Or(closedBit) }
func (l *life) closed() bool { return l.word.Load()&closedBit != 0 }
func (l *life) quiet() bool  { return l.word.Load()&userMask == 0 }
func (l *life) over() bool   { return l.word.Load() == closedBit }
