package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// lockOwner returns the process that has locked a file, 0 if none is known.
func lockOwner(path string) int {
	var st syscall.Stat_t
	if syscall.Stat(path, &st) != nil {
		return 0
	}
	file := fmt.Sprintf("%02x:%02x:%d", unix.Major(st.Dev), unix.Minor(st.Dev), st.Ino)
	for _, f := range fieldsOf("/proc/locks") {
		// 1: FLOCK ADVISORY WRITE 1234 fe:00:5678 0 EOF
		if len(f) > 5 && f[1] == "FLOCK" && f[5] == file {
			pid, _ := strconv.Atoi(f[4])
			return max(pid, 0)
		}
	}
	return 0
}

// listenerOwner returns the process that listens on an address, 0 if none is
// known: it is somebody else's, or only its rings have the socket.
func listenerOwner(network, addr string) int {
	inode := ""
	if network == "unix" {
		for _, f := range fieldsOf("/proc/net/unix") {
			// address: references protocol flags type state inode path
			if len(f) > 7 && f[7] == addr {
				inode = f[6]
			}
		}
	} else {
		inode = tcpInode(addr)
	}
	if inode == "" || inode == "0" {
		return 0
	}
	return socketOwner("socket:[" + inode + "]")
}

// tcpInode returns the inode of the socket that listens on an address, or on all
// of its port's.
func tcpInode(addr string) string {
	_, service, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	port, err := net.LookupPort("tcp", service)
	if err != nil {
		return ""
	}
	const listening = "0A"
	suffix := fmt.Sprintf(":%04X", port)
	for _, f := range slices.Concat(fieldsOf("/proc/net/tcp"), fieldsOf("/proc/net/tcp6")) {
		// slot local remote state queues timer retransmits uid timeout inode
		if len(f) > 9 && f[3] == listening && strings.HasSuffix(f[1], suffix) {
			return f[9]
		}
	}
	return ""
}

// socketOwner returns the process that has a descriptor of a socket.
func socketOwner(link string) int {
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*") // the pattern is right
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && to == link {
			pid, _ := strconv.Atoi(strings.Split(fd, "/")[2])
			return pid
		}
	}
	return 0
}

// fieldsOf returns the fields of every line of a file of /proc.
func fieldsOf(path string) (lines [][]string) {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		lines = append(lines, strings.Fields(scan.Text()))
	}
	return lines
}
