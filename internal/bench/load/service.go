package load

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Service is an HTTP service that somebody else runs, under GET requests at a
// constant rate over keep-alive connections of HTTP/1.1. Each connection has one
// request under way at most; those that become due meanwhile wait behind it, and
// their time counts from when they were due.
type Service struct {
	URL   string
	Conns int
	Pace  Pace
	// Transport makes the connections; each gets a copy of its own.
	Transport *http.Transport
}

// Served is what a run on a Service found.
type Served struct {
	Length time.Duration // in which requests became due
	Due    uint64        // requests
	// Unsent were still waiting for their connection at the end: the service
	// did not keep up.
	Unsent uint64
	// InTime counts the replies, of any status, that were whole before the end.
	InTime   uint64
	Statuses map[int]uint64 // of all replies, by their status
	Failed   uint64         // requests without a whole reply
	Failure  error          // the first of those
	Bytes    uint64         // of the replies' bodies
	// Reconnects is how many connections were made besides the first of each.
	Reconnects uint64
	Latency    Histogram // of all replies
	// Late is how late requests were sent whose connection was free. Their
	// latency does not have it.
	Late Histogram
}

// maxQueue is how many requests wait for one connection at most.
const maxQueue = 4096

// serviceConn is one connection. It belongs to a goroutine while a run lasts.
type serviceConn struct {
	transport *http.Transport
	request   *http.Request
	due       chan int64 // requests, by the load's clock
	free      int64      // when the last one was done
	out       Served
}

// serviceRun is one run.
type serviceRun struct {
	conns   []*serviceConn
	dials   atomic.Uint64
	base    time.Time // zero of the load's clock
	end     int64
	dropped uint64 // for want of room in a queue
}

func (r *serviceRun) now() int64 { return int64(time.Since(r.base)) }

// Run makes load for d, after one request on each connection that does not count.
// An error says that the service was not reached, or that it answered one of those
// with a status of 400 or more. It ends at most ten seconds after d.
func (s *Service) Run(ctx context.Context, d time.Duration) (*Served, error) {
	warm, cancelWarm := context.WithTimeout(ctx, drainLimit)
	defer cancelWarm()
	plan := newSchedule(s.Pace, 0, d)
	r := &serviceRun{}
	defer r.close()
	if err := r.open(warm, s, plan.total/s.Conns+1); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, d+drainLimit)
	defer cancel()
	r.base, r.end = time.Now(), int64(d)
	var working sync.WaitGroup
	for _, c := range r.conns {
		c.request = c.request.WithContext(ctx)
		working.Go(func() { c.work(r) })
	}
	err := r.dispatch(ctx, &plan)
	working.Wait()
	if err != nil {
		return nil, err
	}
	return r.sum(d, uint64(plan.total)), nil
}

// open connects, all at once. A connection's queue has room for so many requests.
func (r *serviceRun) open(ctx context.Context, s *Service, room int) error {
	errs := make([]error, s.Conns)
	var opening sync.WaitGroup
	for i := range s.Conns {
		c := &serviceConn{transport: s.Transport.Clone(), due: make(chan int64, min(room, maxQueue))}
		c.transport.MaxConnsPerHost, c.transport.MaxIdleConnsPerHost = 1, 1
		c.transport.DialContext = r.count(c.transport.DialContext)
		r.conns = append(r.conns, c)
		opening.Go(func() { errs[i] = c.first(ctx, s.URL) })
	}
	opening.Wait()
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("connection %d of %d: %w", i+1, s.Conns, err)
		}
	}
	return nil
}

// count counts connections.
func (r *serviceRun) count(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		r.dials.Add(1)
		return dial(ctx, network, addr)
	}
}

func (r *serviceRun) close() {
	for _, c := range r.conns {
		c.transport.CloseIdleConnections()
	}
}

// first makes the request that does not count.
func (c *serviceConn) first(ctx context.Context, url string) (err error) {
	if c.request, err = http.NewRequestWithContext(ctx, http.MethodGet, url, nil); err != nil {
		return err
	}
	status, _, err := c.exchange()
	if err == nil && status >= http.StatusBadRequest {
		err = fmt.Errorf("the service answers %d %s: want a status below 400", status, http.StatusText(status))
	}
	return err
}

// exchange makes one request and reads the whole reply.
func (c *serviceConn) exchange() (status int, n int64, err error) {
	resp, err := c.transport.RoundTrip(c.request)
	if err != nil {
		return 0, 0, err
	}
	n, err = io.Copy(io.Discard, resp.Body)
	if cerr := resp.Body.Close(); err == nil {
		err = cerr
	}
	return resp.StatusCode, n, err
}

// dispatch gives the connections, in turn, the requests that become due.
func (r *serviceRun) dispatch(ctx context.Context, plan *schedule) error {
	defer func() {
		for _, c := range r.conns {
			close(c.due)
		}
	}()
	nap, done, err := napper()
	if err != nil {
		return err
	}
	defer done()
	for i := range plan.total {
		due := plan.due(i)
		for left := due - r.now(); left > 0; left = due - r.now() {
			if err := ctx.Err(); err != nil {
				return err
			}
			nap(min(time.Duration(left), longestNap))
		}
		select {
		case r.conns[i%len(r.conns)].due <- due:
		default:
			r.dropped++
		}
	}
	return nil
}

// longestNap is after what time a cancelled run is noticed.
const longestNap = 100 * time.Millisecond

// work makes the requests of one connection until no more become due.
func (c *serviceConn) work(r *serviceRun) {
	c.out.Statuses = map[int]uint64{}
	for due := range c.due {
		begin := r.now()
		if begin >= r.end {
			c.out.Unsent++
			continue
		}
		if c.free <= due { // it waited for nothing but the load
			c.out.Late.Record(begin - due)
		} else {
			begin = due
		}
		status, n, err := c.exchange()
		c.free = r.now()
		if err != nil {
			c.out.Failed++
			if c.out.Failure == nil {
				c.out.Failure = err
			}
			continue
		}
		c.out.Statuses[status]++
		c.out.Bytes += uint64(n)
		c.out.Latency.Record(c.free - begin)
		if c.free < r.end {
			c.out.InTime++
		}
	}
}

// sum adds up what the connections found.
func (r *serviceRun) sum(d time.Duration, due uint64) *Served {
	all := &Served{Length: d, Due: due, Unsent: r.dropped, Statuses: map[int]uint64{}}
	all.Reconnects = r.dials.Load() - uint64(len(r.conns))
	for _, c := range r.conns {
		o := &c.out
		all.Unsent += o.Unsent
		all.InTime += o.InTime
		all.Failed += o.Failed
		all.Bytes += o.Bytes
		for status, n := range o.Statuses {
			all.Statuses[status] += n
		}
		if all.Failure == nil {
			all.Failure = o.Failure
		}
		all.Latency.Add(&o.Latency)
		all.Late.Add(&o.Late)
	}
	return all
}
