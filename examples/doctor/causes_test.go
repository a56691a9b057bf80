package main

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
)

func TestDiagnose(t *testing.T) {
	linux := func(change func(*System)) System {
		s := System{OS: "linux", Kernel: "6.8.0-40-generic", Seccomp: "none", Disabled: "0", Memlock: Limit{65536, 65536}, NoFile: Limit{1024, 4096}}
		change(&s)
		return s
	}
	as := func(change ...func(*System)) System {
		return linux(func(s *System) {
			for _, c := range change {
				c(s)
			}
		})
	}
	filter := func(s *System) { s.Seccomp, s.Filters = "filter", 2 }
	docker := func(s *System) { s.Container = "Docker (/.dockerenv)" }
	sysctl := func(v string) func(*System) { return func(s *System) { s.Disabled, s.Group = v, "-1" } }
	kernel := func(v string) func(*System) { return func(s *System) { s.Kernel = v } }
	errno := func(e syscall.Errno) Engine { return Engine{Errno: int(e), Reason: e.Error()} }
	for _, tt := range []struct {
		name   string
		system System
		engine Engine
		causes []string
		words  []string // in what is said of them
	}{
		{"fine", as(), Engine{IOUring: true}, nil, nil},
		{"other system", System{OS: "plan9"}, Engine{Reason: "needs Linux"}, []string{"system"}, []string{"plan9", "standard library"}},
		{"off", as(func(s *System) { s.Env = "off" }), Engine{Reason: "switched off by the environment"}, []string{"environment"}, []string{"URINGNET=off", "unset"}},
		{"killed", as(filter), Engine{Killed: "SIGSYS"}, []string{"seccomp"}, []string{"kills or traps", "URINGNET=off, which does not touch io_uring"}},
		{"filter", as(filter), errno(syscall.EPERM), []string{"seccomp"}, []string{"2 seccomp filter(s)", "SystemCallFilter="}},
		{"filter in Docker", as(filter, docker), errno(syscall.EPERM), []string{"seccomp"}, []string{"--security-opt seccomp=", "io_uring_register"}},
		{"filter of ENOSYS", as(filter), errno(syscall.ENOSYS), []string{"seccomp"}, []string{"io_uring_setup is not there"}},
		{"sysctl 1", as(sysctl("1")), errno(syscall.EPERM), []string{"sysctl"}, []string{"CAP_SYS_ADMIN", "kernel.io_uring_group (-1)"}},
		{"sysctl 2 and a filter", as(sysctl("2"), filter), errno(syscall.EPERM), []string{"sysctl", "seccomp"}, []string{"nobody may", "sysctl kernel.io_uring_disabled=0"}},
		{"security module", as(), errno(syscall.EACCES), []string{"unknown"}, []string{"SELinux", "AppArmor"}},
		{"no memory", as(), errno(syscall.ENOMEM), []string{"limit"}, []string{"RLIMIT_MEMLOCK is 65536 bytes", "ulimit -l"}},
		{"no memory, privileged", as(func(s *System) { s.IPCLock = true }), errno(syscall.ENOMEM), []string{"limit"}, []string{"CAP_IPC_LOCK", "control group"}},
		{"no descriptors", as(), errno(syscall.EMFILE), []string{"limit"}, []string{"RLIMIT_NOFILE is 1024, at most 4096", "ulimit -n"}},
		{"old kernel", as(kernel("4.19.0")), errno(syscall.ENOSYS), []string{"kernel"}, []string{"4.19.0 is too old", "5.19"}},
		{"old kernel with it", as(kernel("5.4.0-1")), errno(syscall.EINVAL), []string{"kernel"}, []string{"5.4.0-1 is too old"}},
		{"kernel without it", as(), errno(syscall.ENOSYS), []string{"kernel"}, []string{"CONFIG_IO_URING", "gVisor"}},
		{"unheard of", as(), errno(syscall.EDOM), []string{"unknown"}, []string{syscall.EDOM.Error(), "report it"}},
	} {
		u := diagnose(tt.system, tt.engine)
		var names []string
		var said strings.Builder
		for _, c := range u.Causes {
			names = append(names, c.Name)
			said.WriteString(c.Why + "\n" + c.Change + "\n")
		}
		if !slices.Equal(names, tt.causes) || u.Usable != (tt.causes == nil) {
			t.Errorf("%s: causes %q, want %q; usable: %v", tt.name, names, tt.causes, u.Usable)
		}
		for _, w := range tt.words {
			if !strings.Contains(said.String(), w) {
				t.Errorf("%s: no %q in\n%s", tt.name, w, said.String())
			}
		}
	}
}

func TestReadProc(t *testing.T) {
	var s System
	readProc(&s, fstest.MapFS{
		"proc/sys/kernel/io_uring_disabled": {Data: []byte("1\n")},
		"proc/sys/kernel/io_uring_group":    {Data: []byte("-1\n")},
		"proc/self/status":                  {Data: []byte("Name:\tdoctor\nCapEff:\t0000000000004000\nSeccomp:\t2\nSeccomp_filters:\t3\n")},
	})
	if want := (System{Disabled: "1", Group: "-1", Seccomp: "filter", Filters: 3, IPCLock: true}); s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
	s = System{}
	readProc(&s, fstest.MapFS{"proc/self/status": {Data: []byte("CapEff:\t0000000000003fff\nSeccomp:\t0\n")}})
	if want := (System{Seccomp: "none"}); s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
}

func TestContainer(t *testing.T) {
	for _, tt := range []struct{ file, text, want string }{
		{".dockerenv", "", "Docker (/.dockerenv)"},
		{"run/.containerenv", "", "Podman (/run/.containerenv)"},
		{"run/systemd/container", "lxc\n", "lxc (/run/systemd/container)"},
		{"proc/1/cgroup", "0::/kubepods/besteffort/pod1\n", "kubepods (/proc/1/cgroup)"},
		{"proc/1/cgroup", "0::/init.scope\n", ""},
	} {
		if got := container(fstest.MapFS{tt.file: {Data: []byte(tt.text)}}); got != tt.want {
			t.Errorf("%s with %q: %q, want %q", tt.file, tt.text, got, tt.want)
		}
	}
}

func TestLimitWords(t *testing.T) {
	for l, want := range map[Limit]string{{-1, -1}: "unlimited", {5, 5}: "5 B", {5, -1}: "5 B, at most unlimited", {5, 7}: "5 B, at most 7"} {
		if got := l.words(" B"); got != want {
			t.Errorf("%v: %q, want %q", l, got, want)
		}
	}
}
