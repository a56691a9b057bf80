package bufpool

import "unsafe"

// offsetIn returns where b begins in mem. ok is false if it does not.
func offsetIn(mem, b []byte) (off int, ok bool) {
	if len(mem) == 0 || cap(b) == 0 {
		return 0, false
	}
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(mem)))
	at := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	if at < begin || at >= begin+uintptr(len(mem)) {
		return 0, false
	}
	return int(at - begin), true
}
