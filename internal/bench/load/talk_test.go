package load

import (
	"strings"
	"testing"
)

// begun is the exchange nats behind its first request, on connection 3.
func begun(t *testing.T) (ex Exchange, msg string) {
	t.Helper()
	ex, err := NewExchange("nats", 16)
	if err != nil {
		t.Fatal(err)
	}
	request := string(ex.Request(3, 1))
	_, msg, _ = strings.Cut(request, "PUB load.3 16\r\n")
	if !strings.HasPrefix(request, "CONNECT {") || !strings.Contains(request, "SUB load.3 1\r\n") || len(msg) != 18 {
		t.Fatalf("request %q", request)
	}
	return ex, msg
}

func TestNATS(t *testing.T) {
	ex, msg := begun(t)
	ex.Request(2, 1) // another connection in between
	reply := "INFO {}\r\nPING\r\nMSG load.3 1 16\r\n" + msg
	for i := range reply {
		done, err := ex.Reply(3, 1, i, []byte{reply[i]})
		if err != nil || done != (i == len(reply)-1) {
			t.Fatalf("byte %d: done %v, error %v", i, done, err)
		}
	}
	if err := ex.(talker).Unasked(3, []byte("PING\r\n")); err != nil {
		t.Error(err)
	}
	next := string(ex.Request(3, 2))
	if !strings.HasPrefix(next, "PONG\r\nPONG\r\nPUB load.3 16\r\n") || next != string(ex.Request(3, 2)) {
		t.Errorf("request %q", next)
	}
	if next = string(ex.Request(3, 3)); !strings.HasPrefix(next, "PUB load.3 16\r\n") {
		t.Errorf("request %q", next)
	}
}

func TestNATSRefuses(t *testing.T) {
	_, msg := begun(t)
	good := "MSG load.3 1 16\r\n" + msg
	for name, bad := range map[string]string{
		"error":        "-ERR 'no'\r\n",
		"subject":      strings.Replace(good, "load.3", "load.2", 1),
		"length":       strings.Replace(good, "16", "17", 1),
		"message":      good[:len(good)-3] + "x\r\n",
		"end":          good[:len(good)-2] + "xx",
		"two messages": good + good,
		"no end":       strings.Repeat("x", maxHeld+1),
	} {
		ex, _ := begun(t)
		if _, err := ex.Reply(3, 1, 0, []byte(bad)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	ex, _ := begun(t)
	if done, err := ex.Reply(3, 1, 0, []byte(good)); !done || err != nil {
		t.Fatalf("%v, %v", done, err)
	}
	if err := ex.(talker).Unasked(3, []byte(good)); err == nil {
		t.Error("a message that nobody asked for: no error")
	}
}
