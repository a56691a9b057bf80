package sink

import (
	"crypto/tls"
	"fmt"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

// viewAs is newViewer for a server that wants to know who it is.
func viewAs(t *testing.T, nodes []*natsNode, opts ...nats.Option) *viewer {
	t.Helper()
	v := &viewer{t: t}
	var err error
	opts = append(opts, nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1))
	if v.conn, err = nats.Connect("nats://"+addrs(nodes), opts...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.conn.Close)
	if v.js, err = jetstream.New(v.conn); err != nil {
		t.Fatal(err)
	}
	return v
}

// A server that speaks TLS gets logs of a sink that it trusts and that trusts it, and
// nothing of any other; nor does one that does not speak TLS, if the sink shall.
func TestNATSTLS(t *testing.T) {
	ours, others := newAuthority(t), newAuthority(t)
	_, cert, key := ours.issue("nats.test") // not of 127.0.0.1
	pair, clientCert, clientKey := ours.issue("sink")
	_, otherCert, otherKey := others.issue("sink")
	nodes := startNodes(t, 1, fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }", cert, key, ours.path))
	v := viewAs(t, nodes, nats.Secure(&tls.Config{RootCAs: ours.pool(), ServerName: "nats.test", Certificates: []tls.Certificate{pair}}))
	v.create(jetstream.StreamConfig{Name: "LOGS", Subjects: []string{"logs.>"}})
	ca, name := "&ca="+ours.path, "&server-name=nats.test"
	for _, c := range []struct {
		options string
		said    []string
	}{
		{"&tls=yes" + ca + name, []string{"certificate required", "bad certificate", "connection reset", "broken pipe", "EOF"}},
		{"&tls=yes" + ca + name + "&cert=" + otherCert + "&key=" + otherKey, []string{"unknown certificate authority", "bad certificate", "connection reset", "broken pipe", "EOF"}},
		{"&tls=yes" + ca + "&cert=" + clientCert + "&key=" + clientKey, []string{"x509: cannot validate certificate for 127.0.0.1"}},
		{"&tls=yes" + name + "&cert=" + clientCert + "&key=" + clientKey, []string{"x509: certificate signed by unknown authority"}},
		{"&tls=yes&ca=" + others.path + name + "&cert=" + clientCert + "&key=" + clientKey, []string{"x509: certificate signed by unknown authority"}},
		{"", []string{"x509:"}},
	} {
		try(t, natsURL(nodes, "name=x"+c.options)).refused(c.said...)
	}
	try(t, natsURL(nodes, "name=x&tls=yes"+ca+name+"&cert="+clientCert+"&key="+clientKey)).delivered()
	v.exactlyOnce("LOGS", numbered("h", 0, 10))

	plain := startNodes(t, 1, "")
	try(t, natsURL(plain, "create=yes&tls=yes"+ca+name)).refused("secure connection not available")
}

// An identity is a way to say who a sink is.
type identity struct {
	server       string // of its configuration
	options      string // of the sink, of which the last is the file of the secret
	right, wrong string // the file
	secrets      []string
	viewer       func(path string) nats.Option
}

// password is a user with a password.
func password() identity {
	return identity{
		"authorization { user: logs, password: right-password }", "user=logs&password-file=", "right-password\n", "wrong-password\n",
		[]string{"right-password", "wrong-password"}, func(string) nats.Option { return nats.UserInfo("logs", "right-password") },
	}
}

// token is a token.
func token() identity {
	return identity{
		"authorization { token: right-token }", "token-file=", "right-token\n", "wrong-token", []string{"right-token", "wrong-token"},
		func(string) nats.Option { return nats.Token("right-token") },
	}
}

// A pair of keys of NATS, and its names.
type pair struct {
	nkeys.KeyPair
	public, seed string
}

func newPair(t *testing.T, make func() (nkeys.KeyPair, error)) pair {
	t.Helper()
	k, err := make()
	if err != nil {
		t.Fatal(err)
	}
	public, err := k.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := k.Seed()
	if err != nil {
		t.Fatal(err)
	}
	return pair{k, public, string(seed)}
}

// credentials is a file of credentials, which an operator's account has signed.
func credentials(t *testing.T) identity {
	t.Helper()
	encode := func(c jwt.Claims, by pair) string {
		text, err := c.Encode(by)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	operator, system, account := newPair(t, nkeys.CreateOperator), newPair(t, nkeys.CreateAccount), newPair(t, nkeys.CreateAccount)
	stranger := newPair(t, nkeys.CreateAccount)
	o := jwt.NewOperatorClaims(operator.public)
	o.SystemAccount = system.public
	a := jwt.NewAccountClaims(account.public)
	a.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit, Streams: jwt.NoLimit, Consumer: jwt.NoLimit}
	file := func(by pair) (text, seed, token string) {
		user := newPair(t, nkeys.CreateUser)
		token = encode(jwt.NewUserClaims(user.public), by)
		b, err := jwt.FormatUserConfig(token, []byte(user.seed))
		if err != nil {
			t.Fatal(err)
		}
		return string(b), user.seed, token
	}
	id := identity{options: "creds=", viewer: func(path string) nats.Option { return nats.UserCredentials(path) }}
	id.server = fmt.Sprintf("operator: %q\nresolver: MEMORY\nresolver_preload: { %s: %q, %s: %q }", encode(o, operator),
		system.public, encode(jwt.NewAccountClaims(system.public), operator), account.public, encode(a, operator))
	var seeds, tokens [2]string
	id.right, seeds[0], tokens[0] = file(account)
	id.wrong, seeds[1], tokens[1] = file(stranger)
	id.secrets = append(seeds[:], tokens[:]...)
	return id
}

// A sink whose secret is wrong is refused, says so and tries again; when its file has the
// right one it gets in. Nobody is told the secret.
func TestNATSAuth(t *testing.T) {
	for name, id := range map[string]identity{"password": password(), "token": token(), "credentials": credentials(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := startNodes(t, 1, id.server)
			v := viewAs(t, nodes, id.viewer(writeFile(t, "right", id.right)))
			v.create(jetstream.StreamConfig{Name: "LOGS", Subjects: []string{"logs.>"}})
			try(t, natsURL(nodes, "name=x")).refused("nats: Authorization Violation", "nats: nkeys not supported")
			path := writeFile(t, "secret", id.wrong)
			r := try(t, natsURL(nodes, id.options+path))
			r.refused("nats: Authorization Violation")
			rewrite(t, path, id.right)
			r.delivered()
			r.silent(id.secrets...)
			v.exactlyOnce("LOGS", numbered("h", 0, 10))
		})
	}
}
