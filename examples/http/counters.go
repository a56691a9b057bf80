package main

import (
	"context"
	"fmt"
	"time"

	"github.com/uringnet/go-uringnet/poller"
	"github.com/uringnet/go-uringnet/uringnet"
)

// show prints what the rings did in each period in which they did something.
func show(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var last poller.Counters
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := uringnet.Default().Stats().Total
		if now == last {
			continue
		}
		fmt.Printf("accepted %d, received %d (%d B), sent %d (%d B), enters %d with %d SQEs\n",
			now.Accepts-last.Accepts, now.Receives-last.Receives+(now.DirectRecvs-now.DirectMisses)-(last.DirectRecvs-last.DirectMisses), now.BytesIn-last.BytesIn,
			now.Sends-last.Sends+now.DirectSends-last.DirectSends, now.BytesOut-last.BytesOut,
			now.Enters-last.Enters, now.SQEs-last.SQEs)
		last = now
	}
}
