package sink

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/uringnet/go-uringnet/examples/logs/store"
)

// newKfake makes a cluster of kfake's, which is in this process and speaks Kafka's
// protocol; no test has a real broker.
func newKfake(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// kafkaURL is that of the topic logs.
func kafkaURL(c *kfake.Cluster, options string) string {
	return "kafka://" + strings.Join(c.ListenAddrs(), ",") + "/logs?" + options
}

// consume returns n records of the topic logs, and fails if there are more.
func consume(t *testing.T, c *kfake.Cluster, n int) (records []*kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics("logs"), kgo.FetchMaxWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for len(records) < n {
		f := client.PollFetches(ctx)
		if err := f.Err0(); err != nil {
			t.Fatalf("after %d records: %v", len(records), err)
		}
		records = append(records, f.Records()...)
	}
	total := int64(0)
	for _, p := range c.PartitionInfos("logs") {
		total += p.HighWatermark
	}
	if total != int64(n) {
		t.Errorf("the topic has %d records, want %d", total, n)
	}
	return records
}

// A topic gets each log once, with its headers and in the order of its host, over
// failures of the brokers.
func TestKafka(t *testing.T) {
	c := newKfake(t, kfake.NumBrokers(3), kfake.SeedTopics(4, "logs"))
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir, BatchSize: 4 << 10})
	c.Fault(
		kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotLeaderForPartition, Count: 3},
		kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.RequestTimedOut, Count: 2}, // it was done all the same
	)
	received := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	src := &store.Source{Peer: "192.0.2.1:514"}
	putMeta(t, s, []store.Meta{{Severity: 3, Received: received.UnixNano(), Source: src, Malformed: true}}, []string{"\x00no syslog\xff"})
	k := startSink(t, s, testOptions(t, kafkaURL(c, "window=50"), dir, newTestLog(t)))
	perHost := map[string][]string{"": {"\x00no syslog\xff"}}
	for i := range 40 {
		host := fmt.Sprintf("h%d", i%5)
		m := numbered(host, i, 10)
		put(t, s, m...)
		perHost[host] = append(perHost[host], m...)
	}
	eventually(t, "all delivered", func() bool { return k.Counters().Delivered == 401 })
	got, ids := map[string][]string{}, map[string]bool{}
	for _, r := range consume(t, c, 401) {
		got[string(r.Key)] = append(got[string(r.Key)], string(r.Value))
		h := map[string]string{}
		for _, x := range r.Headers {
			h[x.Key] = string(x.Value)
		}
		ids[h[headerID]] = true
		if len(r.Key) == 0 && (h[headerPeer] != src.Peer || h[headerSeverity] != "err" || h[headerMalformed] != "1" || h[headerReceived] != received.Format(time.RFC3339Nano) || !r.Timestamp.Equal(received)) {
			t.Errorf("headers %v, time %v", h, r.Timestamp)
		}
	}
	if len(ids) != 401 {
		t.Errorf("%d different ids", len(ids))
	}
	for host, msgs := range perHost {
		if !slices.Equal(got[host], msgs) {
			t.Errorf("host %q has %d messages, want %d, in order", host, len(got[host]), len(msgs))
		}
	}
}

// A topic that does not exist is waited for, or made.
func TestKafkaTopic(t *testing.T) {
	c := newKfake(t, kfake.NumBrokers(1))
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	put(t, s, numbered("h", 0, 10)...)
	log := newTestLog(t)
	k := startSink(t, s, testOptions(t, kafkaURL(c, ""), dir, log))
	eventually(t, "word of it", func() bool { return log.has("topic logs: it does not exist") })
	stopSink(t, k, 0)
	k = startSink(t, s, testOptions(t, kafkaURL(c, "create=yes&partitions=3"), dir, log))
	eventually(t, "all delivered", func() bool { return k.Counters().Delivered == 10 })
	consume(t, c, 10)
	if n := len(c.PartitionInfos("logs")); n != 3 {
		t.Errorf("%d partitions", n)
	}
}

// A record that is too large for the broker is passed over, and those of its batch are
// not; brokers that do not answer are waited for.
func TestKafkaRefuses(t *testing.T) {
	c := newKfake(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	msgs := append(numbered("h", 0, 20), "large "+strings.Repeat("x", 5000))
	msgs = append(msgs, numbered("h", 20, 20)...)
	put(t, s, msgs...)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.MessageTooLarge, Count: -1, When: func(r kmsg.Request) bool {
		for _, topic := range r.(*kmsg.ProduceRequest).Topics {
			for _, p := range topic.Partitions {
				var b kmsg.RecordBatch
				if b.ReadFrom(p.Records) == nil && b.NumRecords > 1 {
					return true
				}
				if strings.Contains(string(p.Records), "large ") {
					return true
				}
			}
		}
		return false
	}})
	k := startSink(t, s, testOptions(t, kafkaURL(c, ""), dir, newTestLog(t)))
	eventually(t, "all delivered", func() bool { return k.Counters().Delivered == 41 })
	if c := k.Counters(); c.Refused != 1 || c.Failures != 0 {
		t.Errorf("counters %+v", c)
	}
	for _, r := range consume(t, c, 40) {
		if strings.HasPrefix(string(r.Value), "large") {
			t.Error("the large one is there")
		}
	}
}

// Brokers that cannot be reached, and then can, get everything.
func TestKafkaDown(t *testing.T) {
	c := newKfake(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	f := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
	o := testOptions(t, kafkaURL(c, "window=10"), dir, newTestLog(t))
	o.ackTimeout = 50 * time.Millisecond
	k := startSink(t, s, o)
	put(t, s, numbered("h", 0, 30)...) // returns
	eventually(t, "word of it", func() bool { c := k.Counters(); return c.Sent == 10 && !c.Connected && c.LagRecords > 0 })
	f.Remove()
	eventually(t, "all delivered", func() bool { c := k.Counters(); return c.Delivered == 30 && c.Connected })
	if c := k.Counters(); c.Failures != 0 {
		t.Errorf("counters %+v", c)
	}
	consume(t, c, 30)
}
