package uringnet_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/uringnet"
)

// checkTimeout checks that err is what net's deadlines give (peer failing #4).
func checkTimeout(t *testing.T, what string, err error) {
	t.Helper()
	var ne net.Error
	switch {
	case !errors.Is(err, os.ErrDeadlineExceeded):
		t.Fatalf("%s: error is %v; want os.ErrDeadlineExceeded", what, err)
	case !errors.As(err, &ne) || !ne.Timeout():
		t.Fatalf("%s: %v is not a net.Error with Timeout()", what, err)
	}
	if _, ok := err.(*net.OpError); !ok {
		t.Fatalf("%s: error is a %T; want *net.OpError", what, err)
	}
}

// deadlines are the ways to make a call time out.
var deadlines = []struct {
	name string
	at   func() time.Time
}{
	{"past", func() time.Time { return aLongTimeAgo }},
	{"now", time.Now},
	{"future", func() time.Time { return time.Now().Add(5 * time.Millisecond) }},
}

// A deadline set before a Read or while one is blocked ends it with a timeout,
// and reading goes on once the deadline is moved (peer failings #1 to #4).
func TestReadDeadline(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			client, server := pair(t, stackOf(e), network)
			for _, d := range deadlines {
				must(t, server.SetReadDeadline(d.at()))
				got, err := startRead(server, 10).wait(t)
				checkTimeout(t, d.name+" before Read", err)
				if got != "" {
					t.Fatalf("%s: read %q with the timeout", d.name, got)
				}
				_, err = startRead(server, 10).wait(t)
				checkTimeout(t, d.name+" before a second Read", err)

				must(t, server.SetReadDeadline(time.Time{}))
				r := startRead(server, 10).blocked(t)
				must(t, server.SetReadDeadline(d.at()))
				_, err = r.wait(t)
				checkTimeout(t, d.name+" during Read", err)

				must(t, server.SetReadDeadline(time.Time{}))
				r = startRead(server, 10).blocked(t)
				must(t, server.SetDeadline(d.at()))
				_, err = r.wait(t)
				checkTimeout(t, d.name+" SetDeadline during Read", err)

				must(t, server.SetDeadline(time.Now().Add(time.Hour)))
				write(t, client, "after "+d.name)
				expect(t, server, "after "+d.name)
				must(t, server.SetDeadline(time.Time{}))
			}
		})
	})
}

// A Read under a past deadline takes nothing, even if there is something.
func TestPastReadDeadlineWithData(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		write(t, client, "ab")
		expect(t, server, "a") // so that the b is there, or already received
		for range 3 {
			must(t, server.SetReadDeadline(aLongTimeAgo))
			got, err := startRead(server, 10).wait(t)
			checkTimeout(t, "Read", err)
			if got != "" {
				t.Fatalf("read %q under a past deadline", got)
			}
		}
		must(t, server.SetReadDeadline(time.Time{}))
		expect(t, server, "b")
	})
}

// A deadline moved while a Read is blocked acts on that Read.
func TestDeadlineMovedWhileBlocked(t *testing.T) {
	const soon = 30 * time.Millisecond
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		for _, later := range []time.Time{{}, time.Now().Add(time.Hour)} {
			begin := time.Now()
			must(t, server.SetReadDeadline(begin.Add(soon)))
			r := startRead(server, 10)
			must(t, server.SetReadDeadline(later))
			if time.Since(begin) >= soon {
				t.Log("slow machine: the deadline may have passed already")
				r.wait(t)
				continue
			}
			select {
			case <-r.done:
				t.Fatalf("Read ended by a deadline that was moved to %v: %v", later, r.err)
			case <-time.After(2 * soon): // the old deadline has passed
			}
			write(t, client, "x")
			if got, err := r.wait(t); got != "x" || err != nil {
				t.Fatalf("Read = %q, %v after the deadline was moved", got, err)
			}
		}
		// The other way: from far to near.
		must(t, server.SetReadDeadline(time.Now().Add(time.Hour)))
		r := startRead(server, 10).blocked(t)
		must(t, server.SetReadDeadline(time.Now().Add(time.Millisecond)))
		_, err := r.wait(t)
		checkTimeout(t, "Read", err)
	})
}

// A write deadline does not end Reads, nor a read deadline Writes.
func TestDeadlinesAreSeparate(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		r := startRead(server, 10).blocked(t)
		must(t, server.SetWriteDeadline(aLongTimeAgo))
		_, err := start("Write", func() (int, error) { return server.Write([]byte("x")) }).wait(t)
		checkTimeout(t, "Write", err)
		write(t, client, "x")
		if got, err := r.wait(t); got != "x" || err != nil {
			t.Fatalf("Read = %q, %v", got, err)
		}
		must(t, server.SetReadDeadline(aLongTimeAgo))
		must(t, server.SetWriteDeadline(time.Time{}))
		write(t, server, "y")
		expect(t, client, "y")
	})
}

// A Write that times out says how much of it went, that much arrives, and
// writing goes on after it (peer failing #6).
func TestWriteDeadline(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		forEachNetwork(t, func(t *testing.T, network string) {
			client, server := pair(t, stackOf(e), network)
			data := randomBytes(1, beyondSocket)
			sent := 0
			for _, d := range deadlines {
				must(t, client.SetWriteDeadline(d.at()))
				n, err := start("Write", func() (int, error) { return client.Write(data[sent:]) }).wait(t)
				checkTimeout(t, d.name+" before Write", err)
				if d.name == "past" && n != 0 {
					t.Fatalf("past deadline: wrote %d bytes", n)
				}
				sent += n

				must(t, client.SetWriteDeadline(time.Time{}))
				w := start("Write", func() (int, error) { return client.Write(data[sent:]) }).blocked(t)
				must(t, client.SetWriteDeadline(d.at()))
				n, err = w.wait(t)
				checkTimeout(t, d.name+" during Write", err)
				sent += n
			}
			if sent == 0 || sent >= len(data) {
				t.Fatalf("%d bytes sent before the timeouts; want some, not all of %d", sent, len(data))
			}
			must(t, client.SetWriteDeadline(time.Now().Add(time.Hour)))
			const rest = 1000
			w := start("Write", func() (int, error) { return client.Write(data[sent : sent+rest]) })
			got, err := start("read", func() (string, error) { return readN(server, sent+rest) }).wait(t)
			must(t, err)
			if n, err := w.wait(t); n != rest || err != nil {
				t.Fatalf("Write after the timeouts = %d, %v", n, err)
			}
			if !bytes.Equal([]byte(got), data[:sent+rest]) {
				t.Fatal("the bytes read are not those that the Writes counted")
			}
		})
	})
}

// No byte is lost, doubled or moved when deadlines race with data.
func TestDeadlineRacesWithData(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		for seed := range int64(3) {
			client, server := pair(t, stackOf(e), "tcp")
			data := randomBytes(seed, 100_000)
			w := startErr("writer", func() error { return writePieces(client, data, seed) })
			r := start("reader", func() ([]byte, error) { return readWithTimeouts(server, seed) })
			got, err := r.wait(t)
			if err != nil {
				t.Fatalf("seed %d: Read: %v", seed, err)
			}
			if _, err := w.wait(t); err != nil {
				t.Fatalf("seed %d: Write: %v", seed, err)
			}
			if sha256.Sum256(got) != sha256.Sum256(data) {
				t.Fatalf("seed %d: %d bytes read that are not the %d written", seed, len(got), len(data))
			}
		}
	})
}

// writePieces writes data in pieces of random size, with pauses, and closes.
func writePieces(c net.Conn, data []byte, seed int64) error {
	defer c.Close()
	rnd := rand.New(rand.NewSource(seed))
	for len(data) > 0 {
		n := min(1+rnd.Intn(1500), len(data))
		if _, err := c.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
		if rnd.Intn(4) == 0 {
			time.Sleep(time.Duration(rnd.Intn(200)) * time.Microsecond)
		}
	}
	return nil
}

// readWithTimeouts reads to the end, under deadlines that keep expiring.
func readWithTimeouts(c net.Conn, seed int64) ([]byte, error) {
	rnd := rand.New(rand.NewSource(seed + 1000))
	var got []byte
	buf := make([]byte, 2000)
	for {
		switch rnd.Intn(4) {
		case 0:
			c.SetReadDeadline(aLongTimeAgo)
		case 1:
			c.SetReadDeadline(time.Time{})
		default:
			c.SetReadDeadline(time.Now().Add(time.Duration(rnd.Intn(150)) * time.Microsecond))
		}
		n, err := c.Read(buf[:1+rnd.Intn(len(buf))])
		got = append(got, buf[:n]...)
		if err == io.EOF {
			return got, nil
		}
		if err != nil && (n > 0 || !errors.Is(err, os.ErrDeadlineExceeded)) {
			return got, err
		}
	}
}

// Deadlines set by one goroutine act on another's Read, however they
// interleave (peer failing #2).
func TestDeadlineFromOtherGoroutine(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		for i := range 100 {
			must(t, server.SetReadDeadline(time.Time{}))
			r := startRead(server, 1)
			if i%2 == 0 {
				<-r.id // running, perhaps not yet waiting
			}
			must(t, server.SetReadDeadline(aLongTimeAgo))
			_, err := r.wait(t)
			checkTimeout(t, "Read", err)
		}
		must(t, server.SetReadDeadline(time.Time{}))
		write(t, client, "x")
		expect(t, server, "x")
	})
}

// A past deadline wakes all Reads that wait their turn.
func TestDeadlineWakesEveryRead(t *testing.T) {
	forEachEngine(t, func(t *testing.T, e *uringnet.Engine) {
		client, server := pair(t, stackOf(e), "tcp")
		var reads []*call[string]
		for range 5 {
			reads = append(reads, startRead(server, 1).blocked(t))
		}
		must(t, server.SetReadDeadline(aLongTimeAgo))
		for _, r := range reads {
			_, err := r.wait(t)
			checkTimeout(t, "Read", err)
		}
		must(t, server.SetReadDeadline(time.Time{}))
		write(t, client, "x")
		expect(t, server, "x")
	})
}

// Many connections with deadlines of their own time out each for itself.
func TestManyDeadlines(t *testing.T) {
	forEngines(t, mainKinds, func(t *testing.T, e *uringnet.Engine) {
		var wg sync.WaitGroup
		defer wg.Wait()
		for i := range 50 {
			client, server := pair(t, stackOf(e), "tcp")
			wg.Go(func() {
				server.SetReadDeadline(time.Now().Add(time.Duration(i%10) * time.Millisecond))
				_, err := server.Read(make([]byte, 1))
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("connection %d: Read: %v", i, err)
				}
				server.SetReadDeadline(time.Now().Add(patience))
				client.Write([]byte("x"))
				if n, err := server.Read(make([]byte, 1)); n != 1 || err != nil {
					t.Errorf("connection %d: Read after timeout = %d, %v", i, n, err)
				}
			})
		}
	})
}
