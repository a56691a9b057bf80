package load

import (
	"slices"
	"strings"
	"testing"
)

func TestEchoTakesReplyInPieces(t *testing.T) {
	e, err := NewExchange("echo", 64)
	if err != nil {
		t.Fatal(err)
	}
	msg := slices.Clone(e.Request(7, 3))
	e.Request(8, 1) // another connection in between
	for off := range msg {
		done, err := e.Reply(7, 3, off, msg[off:off+1])
		if err != nil || done != (off == len(msg)-1) {
			t.Fatalf("byte %d: done %v, error %v", off, done, err)
		}
	}
}

func TestEchoRefuses(t *testing.T) {
	e, err := NewExchange("echo", 64)
	if err != nil {
		t.Fatal(err)
	}
	msg := slices.Clone(e.Request(7, 3))
	changed := slices.Clone(msg)
	changed[63] ^= 1
	for name, b := range map[string][]byte{"changed byte": changed, "too long": append(slices.Clone(msg), 0)} {
		if _, err := e.Reply(7, 3, 0, b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := e.Reply(7, 4, 0, msg); err == nil {
		t.Error("reply to the request before: no error")
	}
	if _, err := e.Reply(8, 3, 0, msg); err == nil {
		t.Error("reply to another connection: no error")
	}
}

func TestPing(t *testing.T) {
	e, err := NewExchange("redis", 0)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := e.Reply(0, 1, 0, []byte("+PO")); done || err != nil {
		t.Errorf("half a reply: %v, %v", done, err)
	}
	if done, err := e.Reply(0, 1, 3, []byte("NG\r\n")); !done || err != nil {
		t.Errorf("the other half: %v, %v", done, err)
	}
	for _, bad := range []string{"-ERR\r\n", "+PONG\r\n+"} {
		if _, err := e.Reply(0, 1, 0, []byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestSizeLimits(t *testing.T) {
	for _, size := range []int{0, stampLen - 1, maxMessage + 1} {
		if _, err := NewExchange("echo", size); err == nil {
			t.Errorf("size %d: no error", size)
		}
	}
	if _, err := NewExchange("gopher", 64); err == nil {
		t.Error("unknown protocol: no error")
	}
}

const reply = "HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Length: 13\r\n\r\nHello, World!"

func hello(t *testing.T) Exchange {
	t.Helper()
	h, err := NewExchange("http", 0)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestJSONWantsItsLength(t *testing.T) {
	h, err := NewExchange("json", 0)
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Repeat("x", jsonLen)
	good := "HTTP/1.1 200 OK\r\ncontent-length: 4096\r\n\r\n" + body
	if done, err := h.Reply(0, 1, 0, []byte(good)); !done || err != nil {
		t.Fatalf("done %v, error %v", done, err)
	}
	if _, err := h.Reply(0, 2, 0, []byte(good[:len(good)-1]+"y")); err == nil {
		t.Error("another end: no error")
	}
	h, _ = NewExchange("json", 0)
	if _, err := h.Reply(0, 1, 0, []byte(reply)); err == nil {
		t.Error("another page: no error")
	}
}

func TestHTTPLearnsAndCounts(t *testing.T) {
	h, err := NewExchange("http", 0)
	if err != nil {
		t.Fatal(err)
	}
	half := len(reply) - 20
	for _, request := range []string{"first", "second"} {
		if done, err := h.Reply(0, 1, 0, []byte(reply[:half])); done || err != nil {
			t.Fatalf("%s: half a reply: done %v, error %v", request, done, err)
		}
		if done, err := h.Reply(0, 1, half, []byte(reply[half:])); !done || err != nil {
			t.Fatalf("%s: whole reply: done %v, error %v", request, done, err)
		}
	}
}

func TestHTTPRefuses(t *testing.T) {
	for name, bad := range map[string]string{
		"status":   strings.Replace(reply, "200", "500", 1),
		"body":     strings.Replace(reply, "World", "Earth", 1),
		"too long": reply + "x",
	} {
		h := hello(t)
		if _, err := h.Reply(0, 1, 0, []byte(reply)); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Reply(0, 2, 0, []byte(bad)); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := hello(t).Reply(0, 1, 0, []byte(bad)); err == nil {
			t.Errorf("%s in the first reply: no error", name)
		}
	}
	if _, err := hello(t).Reply(0, 1, 0, []byte("HTTP/1.1 200 OK\r\n\r\n")); err == nil {
		t.Error("no Content-Length: no error")
	}
}
