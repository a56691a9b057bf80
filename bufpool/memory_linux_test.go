package bufpool

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// fakeSystem is the system calls of a machine with huge pages reserved, which
// populating them refuses with an errno (as a limit of the hugetlb cgroup does,
// and kernels before 5.14), or not.
type fakeSystem struct {
	populate  []error // what populating answers, in turn
	populated []int   // lengths
	huge      int     // huge mappings that there are
}

func (f *fakeSystem) mapper() mapper {
	real := system
	m := system
	var hugeLens []int
	m.mmap = func(n, flags int) ([]byte, error) {
		if flags&unix.MAP_HUGETLB != 0 {
			f.huge++
			hugeLens = append(hugeLens, n)
		}
		return real.mmap(n, flags&^unix.MAP_HUGETLB)
	}
	m.madvise = func(b []byte, advice int) error {
		if advice != unix.MADV_POPULATE_WRITE {
			return unix.EINVAL
		}
		f.populated = append(f.populated, len(b))
		if len(f.populate) == 0 {
			return nil
		}
		err := f.populate[0]
		f.populate = f.populate[1:]
		return err
	}
	m.munmap = func(b []byte) error {
		if slices.Contains(hugeLens, len(b)) {
			f.huge--
		}
		return real.munmap(b)
	}
	return m
}

// Reserved huge pages are taken where they are asked for and nowhere else, and
// used only when touching them is known to work.
func TestReservedPages(t *testing.T) {
	const n = 3 << 20
	for _, c := range []struct {
		name     string
		pages    Pages
		populate []error
		backing  string
	}{
		{"not asked for", AnyPages, nil, backingPlain},
		{"asked for", ReservedPages, []error{nil}, backingHuge},
		{"interrupted", ReservedPages, []error{unix.EINTR, nil}, backingHuge},
		{"cgroup limit", ReservedPages, []error{unix.EFAULT}, backingPlain},
		{"no memory", ReservedPages, []error{unix.ENOMEM}, backingPlain},
		{"poisoned", ReservedPages, []error{unix.EHWPOISON}, backingPlain},
		{"kernel before 5.14", ReservedPages, []error{unix.EINVAL}, backingPlain},
	} {
		f := &fakeSystem{populate: c.populate}
		m, err := f.mapper().mapMemory(n, c.pages)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		wantHuge := 0
		if c.backing == backingHuge {
			wantHuge = 1
		}
		if m.backing != c.backing || f.huge != wantHuge {
			t.Errorf("%s: on %s, %d huge mappings; want %s, %d", c.name, m.backing, f.huge, c.backing, wantHuge)
		}
		if c.pages == ReservedPages && (len(f.populated) == 0 || f.populated[0] != 4<<20) {
			t.Errorf("%s: populated %v; want the whole of it", c.name, f.populated)
		}
		for i := 0; i < n; i += 4096 {
			m.bytes[i] = 1
		}
		if err := m.unmap(); err != nil {
			t.Errorf("%s: unmap: %v", c.name, err)
		}
	}
	// A ring of provided buffers never asks.
	f := &fakeSystem{}
	was := system
	system = f.mapper()
	defer func() { system = was }()
	r, err := NewRing(16<<10, 1024)
	if err != nil {
		t.Fatal(err)
	}
	if f.huge != 0 || r.Backing() == backingHuge {
		t.Errorf("a ring took %d huge mappings: %s", f.huge, r.Backing())
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
