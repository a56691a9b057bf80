// Package slots is a table of what requests and events belong to. They name their
// owner by slot and generation, never by pointer, so that a stale one cannot reach
// the next owner of a slot.
package slots

// UserData is what a request carries to its completion, and a descriptor to its
// events:
//
//	bits  0..31  slot
//	bits 32..39  operation
//	bits 40..63  generation of the slot
type UserData uint64

// MakeUserData makes the UserData of an operation of the owner at p.
func MakeUserData(p Place, op Op) UserData {
	return UserData(p.Slot) | UserData(op)<<32 | UserData(p.Gen&genMask)<<40
}

const genMask = 1<<24 - 1

// Slot is the number of the owner's slot.
func (u UserData) Slot() uint32 { return uint32(u) }

// Op is the operation.
func (u UserData) Op() Op { return Op(u >> 32) }

// Gen is the generation of the slot.
func (u UserData) Gen() uint32 { return uint32(u >> 40) }

// Place is the place that u names.
func (u UserData) Place() Place { return Place{u.Slot(), u.Gen()} }

// Op is the kind of a request.
type Op uint8

// The kinds of request.
const (
	OpNone Op = iota
	OpRecv
	OpSend
	OpAccept
	OpCancelRx // a cancellation of OpRecv or OpAccept
	OpCancelTx // a cancellation of OpSend
	OpWake
	OpTask // a request of a File or a Chain
	OpCancelTask
)

var opNames = [...]string{"none", "recv", "send", "accept", "cancelrx", "canceltx", "wake", "task", "canceltask"}

// String returns the operation's name.
func (o Op) String() string {
	if int(o) < len(opNames) {
		return opNames[o]
	}
	return "unknown"
}
