package main

import (
	"fmt"
	"strings"
	"syscall"
)

// What to change, where several causes have the same.
const (
	ringCalls = "io_uring_setup, io_uring_enter and io_uring_register"
	// switchedOff is in the reason of an engine that was; the doctor's own asks for
	// nothing, so that only the environment can have done it.
	switchedOff = "switched off"
	offKeeps    = "URINGNET=off keeps a program from touching io_uring at all"
)

// diagnose says whether io_uring can be used, and what keeps it from that.
func diagnose(s System, e Engine) IOUring {
	u := IOUring{Usable: e.IOUring, Reason: e.Reason, Causes: []Cause{}}
	if !e.IOUring {
		u.Causes = append(u.Causes, causes(s, e)...)
	}
	return u
}

// causes are never none.
func causes(s System, e Engine) []Cause {
	switch {
	case s.OS != "linux":
		return []Cause{{"system", "io_uring is of Linux; this is " + s.OS, "nothing: uringnet is the standard library here"}}
	case e.Killed != "":
		return []Cause{{
			"seccomp", "a filter kills or traps who asks for io_uring, in place of refusing with an errno: no program survives that",
			profile(s) + "; until then run programs with URINGNET=off, which does not touch io_uring",
		}}
	case strings.Contains(e.Reason, switchedOff):
		return []Cause{{"environment", "URINGNET=" + s.Env, "unset URINGNET"}}
	}
	switch errno := syscall.Errno(e.Errno); errno {
	case syscall.EPERM, syscall.EACCES:
		return refused(s)
	case syscall.ENOSYS:
		return absent(s)
	case syscall.ENOMEM:
		return []Cause{shortOfMemory(s)}
	case syscall.EMFILE, syscall.ENFILE:
		return []Cause{{
			"limit", fmt.Sprintf("no descriptor is left: RLIMIT_NOFILE is %s", s.NoFile.words("")),
			"raise it: ulimit -n, LimitNOFILE= of systemd, docker run --ulimit nofile=N; for the whole system sysctl fs.file-max",
		}}
	}
	if before(s.Kernel, 5, 5) {
		return []Cause{old(s)}
	}
	return []Cause{{"unknown", e.Reason, "nothing known: please report it with this output; " + offKeeps}}
}

// refused are the causes of EPERM: as many as there are, since changing one would
// only uncover the next.
func refused(s System) (list []Cause) {
	switch s.Disabled {
	case "1":
		list = append(list, Cause{
			"sysctl", "kernel.io_uring_disabled is 1: only processes with CAP_SYS_ADMIN, or of the group kernel.io_uring_group (" + s.Group + "), may use io_uring",
			"sysctl kernel.io_uring_disabled=0, or kernel.io_uring_group=GID with a group of the program's",
		})
	case "2":
		list = append(list, Cause{"sysctl", "kernel.io_uring_disabled is 2: nobody may use io_uring", "sysctl kernel.io_uring_disabled=0"})
	}
	if s.Seccomp == "filter" {
		list = append(list, Cause{"seccomp", fmt.Sprintf("this process has %d seccomp filter(s), and io_uring_setup is refused", s.Filters), profile(s)})
	}
	if list == nil {
		list = append(list, Cause{"unknown", "io_uring_setup is refused, by no sysctl and no seccomp filter of this process: a security module may do that", "look for denials in the audit log (SELinux class io_uring, AppArmor)"})
	}
	return list
}

// absent are the causes of ENOSYS.
func absent(s System) []Cause {
	switch {
	case before(s.Kernel, 5, 1):
		return []Cause{old(s)}
	case s.Seccomp == "filter":
		return []Cause{{"seccomp", fmt.Sprintf("this process has %d seccomp filter(s), and io_uring_setup is not there, in a kernel that has it", s.Filters), profile(s)}}
	}
	return []Cause{{"kernel", "kernel " + s.Kernel + " says that it has no io_uring: built without CONFIG_IO_URING, or not Linux itself (gVisor)", "another kernel, or another container runtime"}}
}

func old(s System) Cause {
	return Cause{"kernel", "kernel " + s.Kernel + " is too old", "5.19 or later; 6.1 or later for all of mode dedicated"}
}

func shortOfMemory(s System) Cause {
	c := Cause{
		"limit", fmt.Sprintf("no memory for the rings: RLIMIT_MEMLOCK is %s", s.Memlock.words(" bytes")),
		"raise it: ulimit -l, LimitMEMLOCK= of systemd, docker run --ulimit memlock=N",
	}
	if s.IPCLock {
		c.Why = "no memory for the rings; RLIMIT_MEMLOCK does not count for this process, which has CAP_IPC_LOCK"
		c.Change = "give the machine, or the process's control group, more memory"
	}
	return c
}

// profile says how to let io_uring through.
func profile(s System) string {
	if s.Container == "" {
		return "let the filter allow " + ringCalls + ": SystemCallFilter= of a systemd unit, or whatever installs it"
	}
	return "start the container with a seccomp profile that allows " + ringCalls +
		" (docker and podman run --security-opt seccomp=FILE; securityContext.seccompProfile in Kubernetes)"
}

// before is whether a kernel's release is older than a version.
func before(release string, major, minor int) bool {
	var a, b int
	if _, err := fmt.Sscanf(release, "%d.%d", &a, &b); err != nil {
		return false
	}
	return a < major || a == major && b < minor
}

// words writes a limit.
func (l Limit) words(unit string) string {
	one := func(v int64) string {
		if v < 0 {
			return "unlimited"
		}
		return fmt.Sprintf("%d%s", v, unit)
	}
	if l.Soft == l.Hard {
		return one(l.Soft)
	}
	return one(l.Soft) + ", at most " + strings.TrimSuffix(one(l.Hard), unit)
}
