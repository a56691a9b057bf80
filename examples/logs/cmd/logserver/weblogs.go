package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uringnet/go-uringnet/examples/logs/query"
	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// Bounds of queries by HTTP.
const (
	defaultLogs = 1000   // n, if it is not said
	maxLogs     = 100000 // the greatest n
	maxQueries  = 4      // at a time; followers count
	queryTime   = 30 * time.Second
	followTime  = 10 * time.Minute // after that a client has to ask again
	clientTime  = 10 * time.Second // for a client to take what is written
)

// logService answers what concerns the contents of logs.
type logService struct {
	dir   string
	web   webConfig
	token *[sha256.Size]byte // nil: none is needed
	slots chan struct{}      // has one for each query that runs

	queryTime, followTime time.Duration
}

// newLogService makes the service of an address.
func newLogService(dir, http string, c webConfig) (l *logService, err error) {
	if host, _, err := net.SplitHostPort(http); err == nil {
		c.hosts = append(slices.Clone(c.hosts), host) // a name, if it is none of an address
	}
	l = &logService{dir: dir, web: c, slots: make(chan struct{}, maxQueries), queryTime: queryTime, followTime: followTime}
	l.token, err = c.token()
	return l, err
}

// close waits until no query runs, and lets none begin.
func (l *logService) close() {
	for range maxQueries {
		l.slots <- struct{}{}
	}
}

// guard lets only those through who may see the contents of logs.
func (l *logService) guard(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		site := r.Header.Get("Sec-Fetch-Site") // browsers say who asks
		switch {
		case !l.web.logs:
			http.Error(w, "log contents are not served: -http-logs=false", http.StatusForbidden)
		case !l.web.allowed(r.Host, local):
			http.Error(w, "Host: want localhost, the server's address or one of -http-host", http.StatusMisdirectedRequest)
		case site != "" && site != "same-origin" && site != "none":
			http.Error(w, "Sec-Fetch-Site: want same-origin or none", http.StatusForbidden)
		case !l.authorized(r.Header.Get("Authorization")):
			w.Header().Set("WWW-Authenticate", `Bearer realm="logserver"`)
			http.Error(w, "Authorization: want Bearer and the token of -http-token-file", http.StatusUnauthorized)
		default:
			h(w, r)
		}
	}
}

// authorized compares hashes, which takes as long for any token.
func (l *logService) authorized(header string) bool {
	if l.token == nil {
		return true
	}
	scheme, token, _ := strings.Cut(header, " ")
	hash := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return subtle.ConstantTimeCompare(hash[:], l.token[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// parseLogs makes a query of the parameters of /logs.
func parseLogs(raw string, now time.Time) (q *query.Query, follow bool, err error) {
	q = &query.Query{Now: now, Last: defaultLogs}
	if err := q.Parse(raw, "follow"); err != nil {
		return nil, false, err
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, false, err // Parse has refused it
	}
	if q.Last < 1 || q.Last > maxLogs {
		return nil, false, &query.Refusal{Name: "n", Value: values.Get("n"), Want: "1 to " + strconv.Itoa(maxLogs)}
	}
	if v := values["follow"]; len(v) > 0 {
		if follow, err = strconv.ParseBool(v[0]); err != nil || len(v) > 1 {
			return nil, false, &query.Refusal{Name: "follow", Value: v[len(v)-1], Want: "true or false, once"}
		}
	}
	return q, follow, nil
}

// serve answers a query as NDJSON.
func (l *logService) serve(w http.ResponseWriter, r *http.Request) {
	q, follow, err := parseLogs(r.URL.RawQuery, time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	default:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "queries: want at most "+strconv.Itoa(maxQueries)+" at a time", http.StatusTooManyRequests)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := newAnswer(w)
	end, err := l.run(r.Context(), q, out)
	if follow && (err == nil || errors.Is(err, store.ErrDamaged)) {
		if err != nil {
			out.complain(err)
		}
		err = l.follow(r.Context(), q, end, out)
	}
	out.finish(err)
}

func (l *logService) run(ctx context.Context, q *query.Query, out *answer) (store.Position, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, l.queryTime, errTooLong)
	defer cancel()
	paths, err := store.Segments(l.dir)
	if err != nil {
		return store.Position{}, err
	}
	end, err := q.Run(ctx, nil, [][]string{paths}, out.emit)
	if errors.Is(err, context.DeadlineExceeded) {
		err = context.Cause(ctx)
	}
	return end, err
}

var errTooLong = errors.New("the query took longer than 30s: ask for less, by since or severity")

// follow goes on until the client has gone, or has to ask again.
func (l *logService) follow(ctx context.Context, q *query.Query, from store.Position, out *answer) error {
	ctx, cancel := context.WithTimeout(ctx, l.followTime)
	defer cancel()
	err := q.Follow(ctx, query.Following{Dir: l.dir, From: from, Emit: out.emit, Idle: out.flush, Complain: out.complain})
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// An answer is what is written to a client: a line for each log, and one with an error if
// there was one.
type answer struct {
	w     http.ResponseWriter
	rc    *http.ResponseController
	buf   *bufio.Writer
	line  []byte
	lines int
}

func newAnswer(w http.ResponseWriter) *answer {
	a := &answer{w: w, rc: http.NewResponseController(w)}
	a.buf = bufio.NewWriterSize(a, 32<<10)
	return a
}

// Write writes what the buffer had, within a time, so that a client that does not read
// does not keep others from asking.
func (a *answer) Write(b []byte) (int, error) {
	_ = a.rc.SetWriteDeadline(time.Now().Add(clientTime))
	return a.w.Write(b)
}

func (a *answer) emit(e *query.Entry) error {
	a.lines++
	a.line = query.AppendJSON(a.line[:0], e)
	_, err := a.buf.Write(a.line)
	return err
}

func (a *answer) flush() error {
	if err := a.buf.Flush(); err != nil {
		return err
	}
	_ = a.rc.SetWriteDeadline(time.Now().Add(clientTime))
	return a.rc.Flush()
}

// complain writes a line about an error.
func (a *answer) complain(err error) {
	a.lines++
	text, _ := json.Marshal(string(appendEscaped(nil, []byte(err.Error()), false))) // a string always can be
	_, _ = a.buf.WriteString(`{"error":` + string(text) + "}\n")                    // finish will fail
}

// finish ends the answer, whose status says what went wrong if nothing was written yet.
func (a *answer) finish(err error) {
	if err != nil {
		if a.lines == 0 && !errors.Is(err, store.ErrDamaged) {
			status := http.StatusInternalServerError
			if errors.Is(err, errTooLong) {
				status = http.StatusServiceUnavailable
			}
			a.w.WriteHeader(status)
		}
		a.complain(err)
	}
	_ = a.flush() // an error says that the client has gone
	_ = a.rc.SetWriteDeadline(time.Time{})
}
