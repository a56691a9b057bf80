package bufpool

import (
	"fmt"

	"golang.org/x/sys/unix"
)

const hugePage = 2 << 20 // the size of a huge page on amd64 and arm64 with 4 KiB pages

// memory is an anonymous mapping.
type memory struct {
	bytes   []byte
	backing string
}

func pageAlign(n int) int { return (n + 4095) &^ 4095 }

// mapMemory maps n bytes: in huge pages if enough are reserved, else in plain
// pages that the kernel is asked to make huge (MADV_HUGEPAGE) when they are
// worth one, else plain.
func mapMemory(n int) (memory, error) {
	const prot, flags = unix.PROT_READ | unix.PROT_WRITE, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS
	if n >= hugePage {
		huge := (n + hugePage - 1) &^ (hugePage - 1)
		if b, err := unix.Mmap(-1, 0, huge, prot, flags|unix.MAP_HUGETLB); err == nil {
			return memory{b, "huge pages"}, nil
		}
	}
	b, err := unix.Mmap(-1, 0, pageAlign(n), prot, flags)
	if err != nil {
		return memory{}, fmt.Errorf("bufpool: map %d bytes: %w", n, err)
	}
	if n >= hugePage && unix.Madvise(b, unix.MADV_HUGEPAGE) == nil {
		return memory{b, "transparent huge pages"}, nil
	}
	return memory{b, "plain pages"}, nil
}

func (m *memory) unmap() error {
	if m.bytes == nil {
		return nil
	}
	b := m.bytes
	m.bytes = nil
	return unix.Munmap(b)
}
