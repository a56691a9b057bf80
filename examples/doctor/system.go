package main

import (
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/uringnet/go-uringnet/uringnet"
)

// thisSystem asks what there is to ask on every system.
func thisSystem() System {
	s := System{
		OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version(),
		Env: os.Getenv(uringnet.EnvVar),
	}
	askSystem(&s)
	return s
}

// readText returns the text of a file of a tree, "" if it is not there.
func readText(root fs.FS, name string) string {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// readProc fills in what /proc says.
func readProc(s *System, root fs.FS) {
	s.Disabled = readText(root, "proc/sys/kernel/io_uring_disabled")
	s.Group = readText(root, "proc/sys/kernel/io_uring_group")
	s.TCP = readText(root, "proc/sys/net/ipv4/tcp_congestion_control")
	s.Container = container(root)
	for line := range strings.Lines(readText(root, "proc/self/status")) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch name {
		case "Seccomp":
			s.Seccomp = map[string]string{"0": "none", "1": "strict", "2": "filter"}[value]
		case "Seccomp_filters":
			s.Filters, _ = strconv.Atoi(value)
		case "CapEff":
			const ipcLock = 14 // CAP_IPC_LOCK
			caps, err := strconv.ParseUint(value, 16, 64)
			s.IPCLock = err == nil && caps>>ipcLock&1 == 1
		}
	}
}

// container says what shows that this is one, "" if nothing does.
func container(root fs.FS) string {
	for _, sign := range []struct{ file, what string }{
		{".dockerenv", "Docker"},
		{"run/.containerenv", "Podman"},
		{"var/run/secrets/kubernetes.io/serviceaccount", "Kubernetes"},
		{"proc/vz", "OpenVZ"},
	} {
		if _, err := fs.Stat(root, sign.file); err == nil {
			return sign.what + " (/" + sign.file + ")"
		}
	}
	if kind := readText(root, "run/systemd/container"); kind != "" {
		return kind + " (/run/systemd/container)"
	}
	groups := readText(root, "proc/1/cgroup")
	for _, kind := range []string{"docker", "kubepods", "lxc", "libpod", "containerd"} {
		if strings.Contains(groups, "/"+kind) {
			return kind + " (/proc/1/cgroup)"
		}
	}
	return ""
}
