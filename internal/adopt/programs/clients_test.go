package programs

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/redis/go-redis/v9"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// patience bounds what a client does.
const patience = 30 * time.Second

// clients is how many connections each driver has at the same time, at least.
const clients = 8

// A driver speaks to a server and returns what it was told, the same for each run. It
// calls seen while its connections are open.
type driver func(addr string, seen func() error) (string, error)

// together runs f for each client and joins what they return, in order.
func together(f func(i int) (string, error)) (string, error) {
	var wg sync.WaitGroup
	var texts [clients]string
	var errs [clients]error
	for i := range clients {
		wg.Go(func() { texts[i], errs[i] = f(i) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return "", err
		}
	}
	return strings.Join(texts[:], "\n"), nil
}

// sizes are those of values: small ones, and such as fill socket buffers.
var sizes = []int{0, 1, 100, 4096, 70_000, 3 << 20}

func digest(b []byte) string { return fmt.Sprintf("%d:%x", len(b), sha256.Sum256(b)) }

func redisClient(addr string, seen func() error) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var conns [clients]*redis.Client
	for i := range conns {
		conns[i] = redis.NewClient(&redis.Options{Addr: addr, PoolSize: 1, DisableIndentity: true, Protocol: 2})
		defer conns[i].Close()
	}
	text, err := together(func(i int) (string, error) {
		var b strings.Builder
		for round := range 20 {
			key := fmt.Sprintf("key-%d-%d", i, round)
			value := strings.Repeat(string(rune('a'+i)), sizes[round%len(sizes)])
			if err := conns[i].Set(ctx, key, value, 0).Err(); err != nil {
				return "", err
			}
			got, err := conns[i].Get(ctx, key).Result()
			if err != nil {
				return "", err
			}
			fmt.Fprintln(&b, key, digest([]byte(got)), conns[i].Del(ctx, key).Val(), conns[i].Get(ctx, key).Err())
		}
		pipe := conns[i].Pipeline()
		var pings []*redis.StatusCmd
		for range 100 {
			pings = append(pings, pipe.Ping(ctx))
		}
		_, err := pipe.Exec(ctx)
		fmt.Fprintln(&b, pings[99].Val(), err, conns[i].Do(ctx, "nonsense").Err())
		return b.String(), nil
	})
	if err != nil {
		return "", err
	}
	return text, seen()
}

func natsClient(addr string, seen func() error) (string, error) {
	var conns [clients]*nats.Conn
	for i := range conns {
		c, err := nats.Connect("nats://"+addr, nats.Timeout(patience))
		if err != nil {
			return "", err
		}
		defer c.Close()
		conns[i] = c
		if _, err := c.Subscribe(fmt.Sprintf("echo.%d", i), func(m *nats.Msg) { _ = m.Respond(m.Data) }); err != nil {
			return "", err
		}
		if err := c.FlushTimeout(patience); err != nil {
			return "", err
		}
	}
	text, err := together(func(i int) (string, error) {
		var b strings.Builder
		for round := range 50 {
			data := []byte(strings.Repeat(string(rune('a'+i)), min(sizes[round%len(sizes)], 500_000)))
			m, err := conns[i].Request(fmt.Sprintf("echo.%d", (i+round)%clients), data, patience)
			if err != nil {
				return "", err
			}
			fmt.Fprintln(&b, round, digest(m.Data))
		}
		return b.String(), nil
	})
	if err != nil {
		return "", err
	}
	return text, seen()
}

func healthClient(addr string, seen func() error) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var conns [clients]grpc_health_v1.HealthClient
	for i := range conns {
		c, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return "", err
		}
		defer c.Close()
		conns[i] = grpc_health_v1.NewHealthClient(c)
	}
	text, err := together(func(i int) (string, error) {
		var b strings.Builder
		for round := range 100 {
			service := []string{"here", "there", "nowhere"}[round%3]
			r, err := conns[i].Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: service})
			fmt.Fprintln(&b, service, r.GetStatus(), err)
		}
		w, err := conns[i].Watch(ctx, &grpc_health_v1.HealthCheckRequest{Service: "here"})
		if err != nil {
			return "", err
		}
		r, err := w.Recv()
		fmt.Fprintln(&b, "watch", r.GetStatus(), err)
		return b.String(), nil
	})
	if err != nil {
		return "", err
	}
	return text, seen()
}
