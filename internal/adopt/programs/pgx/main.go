// Pgx is a web server whose pages are what a PostgreSQL server says, which it asks by
// github.com/jackc/pgx. Its argument is the database, as pgx takes it: a URL, or
// "host=... user=...". It prints the address that it listens on.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// poolSize is how many connections to the database there are at most.
	poolSize = 20
	// patience bounds a page.
	patience = 30 * time.Second
)

// A page writes what the database says; n is of its URL.
type page func(ctx context.Context, pool *pgxpool.Pool, n int, w io.Writer) error

var pages = map[string]page{
	"/{$}": hello, "/query": query, "/copy": copies, "/cancel": cancelled, "/notify": notify, "/all": all,
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("want one argument: the database")
	}
	config, err := pgxpool.ParseConfig(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	config.MaxConns = poolSize
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr())
	for path, p := range pages {
		http.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { serve(w, r, pool, p) })
	}
	log.Fatal(http.Serve(l, nil))
}

// serve answers with a page, or with why there is none.
func serve(w http.ResponseWriter, r *http.Request, pool *pgxpool.Pool, p page) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	n, _ := strconv.Atoi(r.FormValue("n"))
	var text strings.Builder
	if err := p(ctx, pool, n, &text); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(w, text.String())
}

// hello is one row.
func hello(ctx context.Context, pool *pgxpool.Pool, _ int, w io.Writer) error {
	var text string
	if err := pool.QueryRow(ctx, "select 'Hello, ' || $1", "World!").Scan(&text); err != nil {
		return err
	}
	_, err := io.WriteString(w, text)
	return err
}
