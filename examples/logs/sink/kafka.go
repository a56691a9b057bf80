package sink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// kafkaTarget is a topic. The producer is idempotent (the client's default), and every
// in-sync replica has to have a record before it counts (acks=all, which that implies).
type kafkaTarget struct {
	cfg  *Config
	opts []kgo.Opt
}

func newKafka(c *Config, secure *tls.Config, _ *counters) (*kafkaTarget, error) {
	t := &kafkaTarget{cfg: c, opts: []kgo.Opt{
		kgo.SeedBrokers(c.Servers...),
		kgo.ClientID("logserver-sink-" + c.Name),
		kgo.DefaultProduceTopic(c.Topic),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)),
		kgo.MaxBufferedRecords(2 * c.Window), // the ledger's window is what counts
		kgo.ProducerLinger(5 * time.Millisecond),
		kgo.UnknownTopicRetries(-1),
		kgo.RetryBackoffFn(backoff),
		kgo.Dialer(func(ctx context.Context, _, addr string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, openTimeout/2)
			defer cancel()
			d := dialer{addr, secure}
			return d.dial(ctx)
		}),
		kgo.RetryTimeout(openTimeout / 5), // not of records: so that why open fails is known before it is late
		kgo.MetadataMinAge(time.Second),   // a leader that has moved is found that soon
	}}
	if c.User == "" {
		return t, nil
	}
	if _, err := t.password(); err != nil {
		return nil, err // a mistake is found at start
	}
	t.opts = append(t.opts, kgo.SASL(t.mechanism()))
	return t, nil
}

// password is read for each connection, so that it may be replaced.
func (t *kafkaTarget) password() (string, error) {
	text, err := secret(t.cfg.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("password-file %w", err)
	}
	return text, nil
}

// mechanism is how the sink says who it is.
func (t *kafkaTarget) mechanism() sasl.Mechanism {
	scrammed := func(context.Context) (scram.Auth, error) {
		password, err := t.password()
		return scram.Auth{User: t.cfg.User, Pass: password}, err
	}
	switch t.cfg.SASL {
	case "scram-sha-256":
		return scram.Sha256(scrammed)
	case "scram-sha-512":
		return scram.Sha512(scrammed)
	}
	return plain.Plain(func(context.Context) (plain.Auth, error) {
		password, err := t.password()
		return plain.Auth{User: t.cfg.User, Pass: password}, err
	})
}

// kafkaSession is a client with its producer id. It tries again by itself for as long as
// it takes, since a new one could not tell what the brokers already have.
type kafkaSession struct {
	t      *kafkaTarget
	client *kgo.Client
	once   sync.Once

	alone chan *message // to be tried one by one
	ended chan struct{}
	tried sync.WaitGroup
}

// open makes a client and looks for the topic.
func (t *kafkaTarget) open(ctx context.Context, _ func(error)) (session, error) {
	var last lastFailure
	client, err := kgo.NewClient(append(t.opts[:len(t.opts):len(t.opts)], kgo.WithHooks(&last))...)
	if err != nil {
		return nil, err
	}
	if err := t.checkTopic(ctx, client); err != nil {
		client.Close()
		if why := last.get(); why != nil && ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", err, why)
		}
		return nil, fmt.Errorf("topic %s: %w", t.cfg.Topic, err)
	}
	s := &kafkaSession{t: t, client: client, alone: make(chan *message, t.cfg.Window), ended: make(chan struct{})}
	s.tried.Go(s.tryAlone)
	return s, nil
}

// A lastFailure is why a client was last not connected to a broker.
type lastFailure struct {
	mu  sync.Mutex
	err error
}

// OnBrokerConnect is called by the client, for each attempt.
func (l *lastFailure) OnBrokerConnect(meta kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err = err; err != nil {
		l.err = fmt.Errorf("%s:%d: %w", meta.Host, meta.Port, err)
	}
}

func (l *lastFailure) get() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// checkTopic looks for the topic, and makes it if it should.
func (t *kafkaTarget) checkTopic(ctx context.Context, client *kgo.Client) error {
	req := kmsg.NewPtrMetadataRequest()
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = kmsg.StringPtr(t.cfg.Topic)
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	if len(resp.Topics) != 1 {
		return fmt.Errorf("the broker knows of %d topics of this name", len(resp.Topics))
	}
	err = kerr.ErrorForCode(resp.Topics[0].ErrorCode)
	if !errors.Is(err, kerr.UnknownTopicOrPartition) {
		return err
	}
	if !t.cfg.Create {
		return errors.New("it does not exist: make it, or have the sink make it with create=yes")
	}
	return t.createTopic(ctx, client)
}

func (t *kafkaTarget) createTopic(ctx context.Context, client *kgo.Client) error {
	req := kmsg.NewPtrCreateTopicsRequest()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic = t.cfg.Topic
	topic.NumPartitions = int32(t.cfg.Partitions)
	topic.ReplicationFactor = int16(t.cfg.Replicas)
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	for _, r := range resp.Topics {
		if err := kerr.ErrorForCode(r.ErrorCode); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("making it: %w", err)
		}
	}
	return nil
}

// record makes a Kafka record.
func (s *kafkaSession) record(m *message) *kgo.Record {
	r := &kgo.Record{Value: m.Msg, Headers: make([]kgo.RecordHeader, 0, 6)}
	if host := m.header().Host; len(host) > 0 {
		r.Key = append([]byte(nil), host...)
	}
	if m.Received != 0 {
		r.Timestamp = time.Unix(0, m.Received)
	}
	put := func(name, value string) {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: name, Value: []byte(value)})
	}
	put(headerID, m.id())
	m.headers(put)
	return r
}

// send gives a record to the producer.
func (s *kafkaSession) send(ctx context.Context, m *message) error {
	s.client.Produce(ctx, s.record(m), func(_ *kgo.Record, err error) {
		if isOfRecord(err) {
			s.alone <- m // has room for a window: it may be another record of its batch
			return
		}
		m.done(err)
	})
	return nil
}

// isOfRecord reports whether an error is of a record, or of one in the same batch.
func isOfRecord(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge) || errors.Is(err, kerr.InvalidRecord)
}

// tryAlone sends records whose batch was refused again, one by one, until the session
// ends.
func (s *kafkaSession) tryAlone() {
	var client *kgo.Client // another one: here a batch has one record
	for {
		select {
		case <-s.ended:
			return
		case m := <-s.alone:
			var err error
			if client == nil {
				if client, err = s.another(); err != nil {
					m.done(err)
					return
				}
			}
			err = client.ProduceSync(context.Background(), s.record(m)).FirstErr()
			if isOfRecord(err) {
				err = refuse(err)
			}
			m.done(err)
		}
	}
}

// another makes a client that is closed when the session ends, with what it is doing.
func (s *kafkaSession) another() (*kgo.Client, error) {
	client, err := kgo.NewClient(s.t.opts...)
	if err == nil {
		s.tried.Go(func() {
			<-s.ended
			client.Close()
		})
	}
	return client, err
}

// flush has what lingers sent by the client, soon.
func (s *kafkaSession) flush() error { return nil }

func (s *kafkaSession) patient() bool { return true }

func (s *kafkaSession) close() {
	s.once.Do(func() {
		close(s.ended)
		s.client.Close()
	})
	s.tried.Wait()
}

// backoff is the pause before a try, from retryMin to retryMax.
func backoff(tries int) time.Duration {
	pause := retryMin << min(max(tries-1, 0), 16)
	return jitter(min(pause, retryMax))
}
