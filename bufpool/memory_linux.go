package bufpool

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Pages says what pages memory may be made of.
type Pages uint8

const (
	// AnyPages are plain pages, which the kernel is asked to make huge when
	// they are worth one (transparent huge pages).
	AnyPages Pages = iota
	// ReservedPages are huge pages of those that the machine's administrator
	// has reserved (vm.nr_hugepages), if enough are free and the process may
	// have them; else AnyPages. They are taken from whoever they were reserved
	// for, so only where they are asked for by name.
	ReservedPages
)

const hugePage = 2 << 20 // the size of a huge page on amd64 and arm64 with 4 KiB pages

// What memory can be backed by.
const (
	backingHuge        = "huge pages"
	backingTransparent = "transparent huge pages"
	backingPlain       = "plain pages"
)

// memory is an anonymous mapping.
type memory struct {
	bytes   []byte
	backing string
}

func pageAlign(n int) int { return (n + 4095) &^ 4095 }

// mapper is the system calls that memory is made with.
type mapper struct {
	mmap    func(n, flags int) ([]byte, error)
	madvise func(b []byte, advice int) error
	munmap  func(b []byte) error
}

var system = mapper{
	mmap: func(n, flags int) ([]byte, error) {
		return unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|flags)
	},
	madvise: unix.Madvise,
	munmap:  unix.Munmap,
}

// mapMemory maps n bytes of such pages.
func mapMemory(n int, pages Pages) (memory, error) { return system.mapMemory(n, pages) }

func (s mapper) mapMemory(n int, pages Pages) (memory, error) {
	if pages == ReservedPages && n >= hugePage {
		if b := s.mapHuge((n + hugePage - 1) &^ (hugePage - 1)); b != nil {
			return memory{b, backingHuge}, nil
		}
	}
	b, err := s.mmap(pageAlign(n), 0)
	if err != nil {
		return memory{}, fmt.Errorf("bufpool: map %d bytes: %w", n, err)
	}
	if n >= hugePage && s.madvise(b, unix.MADV_HUGEPAGE) == nil {
		return memory{b, backingTransparent}, nil
	}
	return memory{b, backingPlain}, nil
}

// mapHuge maps n bytes of reserved huge pages, nil if that cannot be had. That
// mmap succeeds does not say that the pages can be touched: a limit of the
// hugetlb cgroup or a memory policy shows only then, as SIGBUS. So they are
// populated by a call that fails instead (MADV_POPULATE_WRITE, 5.14; MAP_POPULATE
// does not report failure). An older kernel gets no reserved pages.
func (s mapper) mapHuge(n int) []byte {
	b, err := s.mmap(n, unix.MAP_HUGETLB)
	if err != nil {
		return nil
	}
	for err = unix.EINTR; err == unix.EINTR; {
		err = s.madvise(b, unix.MADV_POPULATE_WRITE)
	}
	if err != nil {
		_ = s.munmap(b)
		return nil
	}
	return b
}

func (m *memory) unmap() error {
	if m.bytes == nil {
		return nil
	}
	b := m.bytes
	m.bytes = nil
	return system.munmap(b)
}
