package poller

import (
	"fmt"
	"strings"
)

// Transfer is the way the bytes of connections are moved in Shared mode.
type Transfer uint8

// The ways.
const (
	TransferAuto Transfer = iota
	TransferDirect
	TransferBatch
	TransferRing
)

var transferNames = [...]string{TransferAuto: "auto", TransferDirect: "direct", TransferBatch: "batch", TransferRing: "ring"}

// String returns the name as ParseTransfer reads it.
func (t Transfer) String() string {
	if int(t) < len(transferNames) {
		return transferNames[t]
	}
	return fmt.Sprintf("Transfer(%d)", uint8(t))
}

// ParseTransfer returns the way of that name.
func ParseTransfer(name string) (Transfer, error) {
	for t, n := range transferNames {
		if n == name {
			return Transfer(t), nil
		}
	}
	return 0, fmt.Errorf("poller: unknown transfer %q (one of %s)", name, strings.Join(transferNames[:], ", "))
}
