package sink

import (
	"crypto/tls"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// wantTopic fails unless the topic logs has n records.
func wantTopic(t *testing.T, c *kfake.Cluster, n int64) {
	t.Helper()
	total := int64(0)
	for _, p := range c.PartitionInfos("logs") {
		total += p.HighWatermark
	}
	if total != n {
		t.Errorf("the topic has %d records, want %d", total, n)
	}
}

// A sink whose password is wrong is refused, says so and tries again; when its file has
// the right one it gets in. Nobody is told the password.
func TestKafkaAuth(t *testing.T) {
	ours := newAuthority(t)
	pair, _, _ := ours.issue("kafka.test") // not of 127.0.0.1
	secure := "&tls=yes&server-name=kafka.test&ca=" + ours.path
	for _, c := range []struct{ option, mechanism, tail string }{
		{"", "PLAIN", ""}, {"&sasl=plain", "PLAIN", secure}, {"&sasl=scram-sha-256", "SCRAM-SHA-256", ""}, {"&sasl=scram-sha-512", "SCRAM-SHA-512", secure},
	} {
		t.Run(c.mechanism, func(t *testing.T) {
			t.Parallel()
			opts := []kfake.Opt{kfake.NumBrokers(2), kfake.SeedTopics(2, "logs"), kfake.EnableSASL(), kfake.Superuser(c.mechanism, "logs", "right-password")}
			if c.tail != "" {
				opts = append(opts, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}}))
			}
			k := newKfake(t, opts...)
			path := writeFile(t, "secret", "wrong-password\n")
			r := try(t, kafkaURL(k, "name=x&user=logs&password-file="+path+c.option+c.tail))
			r.refused("broker closed the connection", "EOF") // kfake does without a word
			brokers := k.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.SASLAuthenticate}, Err: kerr.SaslAuthenticationFailed, Count: -1, TopLevel: true})
			r.refused("SASL_AUTHENTICATION_FAILED") // as brokers do
			brokers.Remove()
			wantTopic(t, k, 0)
			rewrite(t, path, "right-password\n")
			r.delivered()
			r.silent("right-password", "wrong-password")
			wantTopic(t, k, 10)
		})
	}
}

// Brokers that speak TLS get nothing of a sink that does not trust them, or want to know
// who it is; nor do brokers that do not speak TLS, if the sink shall.
func TestKafkaTLS(t *testing.T) {
	t.Parallel()
	ours, others := newAuthority(t), newAuthority(t)
	pair, _, _ := ours.issue("kafka.test")
	_, cert, key := ours.issue("sink")
	_, otherCert, otherKey := others.issue("sink")
	secure := &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ours.pool()}
	k := newKfake(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"), kfake.TLS(secure))
	ca, name, client := "&ca="+ours.path, "&server-name=kafka.test", "&cert="+cert+"&key="+key
	for _, c := range []struct {
		options string
		said    []string
	}{
		{"tls=yes" + ca + name, []string{"certificate required", "bad certificate", "connection reset", "broken pipe", "EOF", "closed the connection"}},
		{"tls=yes" + ca + name + "&cert=" + otherCert + "&key=" + otherKey, []string{"unknown certificate authority", "bad certificate", "connection reset", "broken pipe", "EOF", "closed the connection"}},
		{"tls=yes" + ca + client, []string{"x509: cannot validate certificate for 127.0.0.1"}},
		{"tls=yes" + name + client, []string{"x509: certificate signed by unknown authority"}},
		{"tls=yes&ca=" + others.path + name + client, []string{"x509: certificate signed by unknown authority"}},
		{"", []string{"EOF", "TLS"}},
	} {
		try(t, kafkaURL(k, c.options)).refused(c.said...)
	}
	wantTopic(t, k, 0)
	try(t, kafkaURL(k, "tls=yes"+ca+name+client)).delivered()
	wantTopic(t, k, 10)

	plain := newKfake(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	r := try(t, kafkaURL(plain, "tls=yes"+ca+name)) // whose brokers wait for more
	eventually(t, "word of it", func() bool { return r.log.has("unable to dial: TLS with 127.0.0.1:") })
	wantTopic(t, plain, 0)
}
