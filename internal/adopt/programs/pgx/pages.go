package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// rounds is how often a page repeats what it does.
	rounds = 20
	// copyLines is how many lines a copy has, of two megabytes together.
	copyLines = 4000
)

// query has rows of many lengths, batches, transactions and errors.
func query(ctx context.Context, pool *pgxpool.Pool, n int, w io.Writer) error {
	for round := range rounds {
		length := []int{0, 1, 100, 4096, 70_000, 1 << 20}[round%6]
		var key int
		var value string
		if err := pool.QueryRow(ctx, "select $1::int, repeat(chr(65 + $1), $2)", n, length).Scan(&key, &value); err != nil {
			return err
		}
		fmt.Fprintln(w, key, digest([]byte(value)))
	}
	rows, err := pool.Query(ctx, "select i, md5(i::text) from generate_series(1, 5000) i")
	if err != nil {
		return err
	}
	h := sha256.New()
	for rows.Next() {
		var i int
		var sum string
		if err := rows.Scan(&i, &sum); err != nil {
			return err
		}
		fmt.Fprintln(h, i, sum)
	}
	fmt.Fprintf(w, "%x %v\n", h.Sum(nil), rows.Err())
	_, err = pool.Exec(ctx, "select 1 / ($1::int - $1::int)", n)
	fmt.Fprintln(w, err)
	return batch(ctx, pool, w)
}

// batch is a transaction with many statements in flight, which is rolled back.
func batch(ctx context.Context, pool *pgxpool.Pool, w io.Writer) error {
	tx, err := pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, "create temp table sums (i int) on commit drop"); err != nil {
		return err
	}
	var b pgx.Batch
	for i := range 200 {
		b.Queue("insert into sums values ($1)", i)
	}
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return err
	}
	var sum int
	err = tx.QueryRow(ctx, "select sum(i) from sums").Scan(&sum)
	fmt.Fprintln(w, "sum", sum, err)
	return err
}

// copies sends some megabytes into a table, as text and as pgx's rows, and reads them back.
func copies(ctx context.Context, pool *pgxpool.Pool, n int, w io.Writer) error {
	c, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	if _, err := c.Exec(ctx, "create temp table copied (line int, text text)"); err != nil {
		return err
	}
	text, _ := lines(n, 0)
	_, rows := lines(n, copyLines)
	tag, err := c.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(text), "copy copied from stdin")
	if err != nil {
		return err
	}
	sent, err := c.CopyFrom(ctx, pgx.Identifier{"copied"}, []string{"line", "text"}, pgx.CopyFromRows(rows))
	if err != nil {
		return err
	}
	fmt.Fprintln(w, digest(text), tag, sent)
	for _, first := range []int{0, copyLines} {
		var back bytes.Buffer
		tag, err := c.Conn().PgConn().CopyTo(ctx, &back, fmt.Sprintf(
			"copy (select * from copied where line / %d = %d order by line) to stdout", copyLines, first/copyLines))
		if err != nil {
			return err
		}
		if want, _ := lines(n, first); !bytes.Equal(back.Bytes(), want) {
			return fmt.Errorf("%s, %s: not what was sent", tag, digest(back.Bytes()))
		}
		fmt.Fprintln(w, tag, digest(back.Bytes()))
	}
	_, err = c.Exec(ctx, "drop table copied")
	return err
}

// lines are what is copied, from a line on, in both ways.
func lines(n, first int) (text []byte, rows [][]any) {
	for i := first; i < first+copyLines; i++ {
		line := strings.Repeat(string(rune('a'+(n+i)%26)), i%1000)
		text = fmt.Appendf(text, "%d\t%s\n", i, line)
		rows = append(rows, []any{i, line})
	}
	return text, rows
}

// cancelled ends a query by a deadline, and waits until the database has ended it too.
func cancelled(ctx context.Context, pool *pgxpool.Pool, n int, w io.Writer) error {
	sleep := fmt.Sprintf("select pg_sleep(60 + %d)", n)
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err := pool.Exec(short, sleep)
	fmt.Fprintln(w, errors.Is(err, context.DeadlineExceeded), time.Since(begin) < patience)
	for running := true; running; {
		err := pool.QueryRow(ctx, "select exists (select from pg_stat_activity where query = $1) from pg_sleep(0.01)", sleep).Scan(&running)
		if err != nil {
			return err
		}
	}
	return nil
}

// notify listens on one connection for what others are told.
func notify(ctx context.Context, pool *pgxpool.Pool, n int, w io.Writer) error {
	c, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	name := fmt.Sprintf("channel_%d", n)
	if _, err := c.Exec(ctx, "listen "+name); err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() {
		for i := range rounds {
			if _, err := pool.Exec(ctx, "select pg_notify($1, repeat(chr(65 + $2), $2 * 300))", name, i); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for range rounds {
		m, err := c.Conn().WaitForNotification(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, m.Channel, digest([]byte(m.Payload)))
	}
	if err := <-sent; err != nil {
		return err
	}
	_, err = c.Exec(ctx, "unlisten *")
	return err
}

// all holds n connections at once, and says how many servers these have.
func all(ctx context.Context, pool *pgxpool.Pool, n int, w io.Writer) error {
	backends := map[uint32]bool{}
	for range min(n, poolSize) {
		c, err := pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer c.Release()
		if err := c.Ping(ctx); err != nil {
			return err
		}
		backends[c.Conn().PgConn().PID()] = true
	}
	_, err := fmt.Fprintln(w, len(backends), "connections")
	return err
}

func digest(b []byte) string { return fmt.Sprintf("%d:%x", len(b), sha256.Sum256(b)) }
