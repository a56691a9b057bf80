package uringnet_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uringnet/go-uringnet/uringnet"
)

// openKinds differ in whose thread might open a file.
var openKinds = []string{"std", "shared", "no-io-uring", "dedicated-tiny", "dedicated", "sqpoll"}

// opens is how often each child opens: a thread may be the right one by chance.
const opens = 50

// openParts are the children of TestDefectOpen. All begin as root, with an engine
// and a directory for everybody, in a goroutine locked to its thread.
var openParts = map[string]func(e *uringnet.Engine, dir string) error{
	"fsuid":  openByThreadUser,
	"setuid": openByProcessUser,
	"fs":     openByThreadFS,
}

func init() {
	for name, part := range openParts {
		children["open-"+name] = func() error { return openChild(part) }
	}
}

// OpenFile is an open by the thread that calls it: its user, its working
// directory, its umask count.
func TestDefectOpen(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("only root can become somebody else")
		return
	}
	for name := range openParts {
		t.Run(name, func(t *testing.T) { forChildKinds(t, "open-"+name, openKinds) })
	}
}

func openChild(part func(e *uringnet.Engine, dir string) error) error {
	time.AfterFunc(patience, func() { panic("child hangs") })
	e, err := childEngine()
	if err != nil {
		return err
	}
	dir := os.Getenv(dirEnv)
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o600); err != nil {
		return err
	}
	stop := openBeside(e, dir)
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // for good: the thread is not as the others any more
		done <- part(e, dir)
	}()
	return errors.Join(<-done, stop(), e.Close())
}

// openBeside opens files in other goroutines, so that requests of different
// threads meet on a ring. What those get is the process's.
func openBeside(e *uringnet.Engine, dir string) (stop func() error) {
	var wg sync.WaitGroup
	var quit atomic.Bool
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			for !quit.Load() && errs[i] == nil {
				before := os.Geteuid()
				f, err := e.OpenFile(filepath.Join(dir, "secret"), os.O_RDONLY, 0)
				switch {
				case err == nil:
					_, err = f.ReadAt(make([]byte, 1), 0)
					errs[i] = errors.Join(err, f.Close())
				case before == 0 && os.Geteuid() == 0:
					errs[i] = fmt.Errorf("beside, as root: %w", err)
				}
			}
		})
	}
	return func() error {
		quit.Store(true)
		wg.Wait()
		return errors.Join(errs...)
	}
}

// refused checks that OpenFile refuses what only root may open.
func refused(e *uringnet.Engine, dir string) error {
	secret := filepath.Join(dir, "secret")
	for i := range opens {
		f, err := e.OpenFile(secret, os.O_RDONLY, 0)
		if err == nil {
			return errors.Join(fmt.Errorf("open %d: nobody opened root's file", i), f.Close())
		}
		var pe *fs.PathError
		if !errors.As(err, &pe) || pe.Err != syscall.EACCES || pe.Op != "open" || pe.Path != secret {
			return fmt.Errorf("open %d: %w; want EACCES as of os.OpenFile", i, err)
		}
	}
	return nil
}

// openByThreadUser takes another user's rights on its own thread.
func openByThreadUser(e *uringnet.Engine, dir string) error {
	if _, _, errno := syscall.RawSyscall(unix.SYS_SETFSUID, nobody, 0, 0); errno != 0 {
		return errno
	}
	if err := refused(e, dir); err != nil {
		return err
	}
	for i := range opens {
		name := filepath.Join(dir, fmt.Sprint("own", i))
		f, err := e.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		st, err := f.Stat()
		if err != nil {
			return err
		}
		if uid := st.Sys().(*syscall.Stat_t).Uid; uid != nobody {
			return fmt.Errorf("create %d: the file belongs to user %d; want %d", i, uid, nobody)
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// openByProcessUser gives the process's rights up when the engine runs already.
func openByProcessUser(e *uringnet.Engine, dir string) error {
	f, err := e.OpenFile(filepath.Join(dir, "secret"), os.O_RDONLY, 0)
	if err != nil {
		return fmt.Errorf("as root: %w", err)
	}
	if err := errors.Join(f.Close(), syscall.Setuid(nobody)); err != nil {
		return err
	}
	return refused(e, dir)
}

// openByThreadFS has a working directory and a umask of its own.
func openByThreadFS(e *uringnet.Engine, dir string) error {
	own := filepath.Join(dir, "own")
	err := errors.Join(unix.Unshare(unix.CLONE_FS), os.Mkdir(own, 0o777), unix.Chdir(own))
	if err != nil {
		return err
	}
	unix.Umask(0o027)
	for i := range opens {
		name := fmt.Sprint("new", i)
		f, err := e.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return err
		}
		st, err := f.Stat()
		if err != nil {
			return err
		}
		if st.Mode() != 0o640 {
			return fmt.Errorf("create %d: mode %v; want -rw-r-----", i, st.Mode())
		}
		if _, err := os.Stat(filepath.Join(own, name)); err != nil {
			return fmt.Errorf("create %d: not in the thread's directory: %w", i, err)
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
