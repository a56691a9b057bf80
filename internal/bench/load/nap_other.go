//go:build !linux

package load

import "time"

// napper returns a sleep.
func napper() (nap func(time.Duration), done func(), err error) {
	return time.Sleep, func() {}, nil
}
