#!/usr/bin/env bash
# The conformance suite on kernel 6.1, the oldest with every feature that the
# engine's default uses: Debian's cloud kernel under qemu, without KVM.
#
#   .ci/kernel61.sh [-a] [PATTERN]    -a: tests that take long too
#
# PATTERN, a regular expression, chooses other tests of ./uringnet. Set
# KERNEL61_TIMEOUT (seconds) to change the limit. The kernel package is kept in
# ${XDG_CACHE_HOME:-~/.cache}/uringnet/kernel61.
set -euo pipefail
cd "$(dirname "$0")/.."

short=-test.short
if [ "${1:-}" = -a ]; then short=; shift; fi
# What fits in a few minutes of emulation: tests that do not take engines, and
# tests that do, on the engines that differ most.
plain='^(TestEngineKinds|TestReach)$'
pattern='^(TestNettest|TestBareEOF|TestConnErrors|TestErrorsIs|TestListenErrors|TestDialErrors|TestCloseWrite|TestCloseWakes|TestReadDeadline|TestHTTPChunked|TestHTTPWebsocket|TestHTTPShutdown)$'
kinds='^(std|shared|shared-ring|no-io-uring|no-provided-buffers|no-multishot-accept|dedicated|sqpoll)$'
pattern=${1:-$pattern/$kinds}
limit=${KERNEL61_TIMEOUT:-600}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/uringnet/kernel61
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# lists fetches apt's package lists, once: a new machine has none.
lists() {
  [ -n "${listed:-}" ] && return
  listed=1
  if [ "$(id -u)" = 0 ]; then apt-get update -qq >/dev/null; fi
}

# need makes sure that a tool is there.
need() { # tool package
  command -v "$1" >/dev/null && return
  if [ "$(id -u)" != 0 ]; then
    echo "kernel61: $1 is missing: install $2" >&2
    exit 1
  fi
  lists
  apt-get install -y --no-install-recommends "$2" >/dev/null
}
need qemu-system-x86_64 qemu-system-x86
need busybox busybox-static
need cpio cpio

mkdir -p "$cache"
deb=$(find "$cache" -name 'linux-image-6.1.0-*.deb' | sort -V | tail -n 1)
if [ -z "$deb" ]; then
  lists
  package=$(apt-cache search --names-only '^linux-image-6\.1\.0-[0-9]+-cloud-amd64-unsigned$' |
    cut -d ' ' -f 1 | sort -V | tail -n 1)
  if [ -z "$package" ]; then
    echo "kernel61: apt knows no linux-image-6.1.0-*-cloud-amd64-unsigned" >&2
    exit 1
  fi
  (cd "$cache" && apt-get download "$package")
  deb=$(find "$cache" -name 'linux-image-6.1.0-*.deb' | sort -V | tail -n 1)
fi
dpkg-deb -x "$deb" "$work/kernel"
vmlinuz=$(find "$work/kernel/boot" -name 'vmlinuz-*')

# The initrd: busybox, the test binaries, and what runs them.
root=$work/root
mkdir -p "$root"/{bin,dev,proc,sys,tmp,etc,tests}
cp "$(command -v busybox)" "$root/bin/busybox"
echo '127.0.0.1 localhost' >"$root/etc/hosts"
for package in bufpool internal/ring poller uringnet; do
  CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go test -c -o "$root/tests/${package##*/}" "./$package"
done
cat >"$root/init" <<INIT
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp TMPDIR=/tmp
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
ip link set lo up
ulimit -n 20000
echo "kernel61: \$(uname -r)"
cd /tmp
failed=
run() { # name, flags
  name=\$1; shift
  begin=\$(date +%s)
  echo "kernel61: run \$name \$*"
  /tests/\$name -test.v "\$@" || failed="\$failed \$name"
  echo "kernel61: \$name took \$((\$(date +%s) - begin)) s"
}
run uringnet $short -test.timeout=${limit}s -test.run '$plain'
run uringnet $short -test.timeout=${limit}s -test.run '$pattern'
run bufpool $short
run ring $short
run poller $short -test.timeout=${limit}s
if [ -z "\$failed" ]; then echo "kernel61: all passed"; else echo "kernel61: failed:\$failed"; fi
poweroff -f
INIT
chmod +x "$root/init"
(cd "$root" && find . -print0 | cpio --null -o --format=newc --quiet) >"$work/initrd"

log=$work/log
timeout "$limit" qemu-system-x86_64 -accel tcg -smp 2 -m 2G -nographic -no-reboot \
  -kernel "$vmlinuz" -initrd "$work/initrd" -append 'console=ttyS0 quiet panic=-1' \
  </dev/null | sed -u 's/\r$//' | tee "$log" |
  sed -u -n '/kernel61:/,$p' | sed -u 's/.*kernel61: /kernel61: /' |
  grep --line-buffered -v '^=== \|^ .*--- PASS\|^PASS$' || true

passed=$(grep -c '^ *--- PASS' "$log" || true)
echo "kernel61: $passed tests and subtests passed"
if grep -q '^kernel61: all passed' "$log" && ! grep -q '^ *--- FAIL' "$log"; then
  exit 0
fi
grep '^ *--- FAIL\|^panic:\|^kernel61: failed' "$log" || echo "kernel61: ended without a result (limit $limit s)"
exit 1
