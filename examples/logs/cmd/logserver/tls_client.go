package main

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strings"

	"github.com/uringnet/go-uringnet/examples/logs/internal/cli"
)

// clientRule says which clients may connect by TLS: those whose certificate is of
// -tls-client-ca and, if there are patterns, fits one of these.
type clientRule struct{ patterns []string }

// errNoCertificate is why a client without a certificate is refused.
var errNoCertificate = errors.New("the client has no certificate of -tls-client-ca")

// subjectError is why a client with a certificate of the CA is refused.
type subjectError struct{ subject string }

// Error names the subject.
func (e *subjectError) Error() string {
	return fmt.Sprintf("the client's certificate, of %q, fits no -tls-client-subject", e.subject)
}

// badClientCertificate reports whether a handshake failed because of the client's
// certificate.
func badClientCertificate(err error) bool {
	var subject *subjectError
	var verification *tls.CertificateVerificationError
	return errors.Is(err, errNoCertificate) || errors.As(err, &subject) || errors.As(err, &verification)
}

// verify is tls.Config.VerifyConnection. It is asked for resumed sessions too.
func (r clientRule) verify(c tls.ConnectionState) error {
	if len(c.PeerCertificates) == 0 || len(c.VerifiedChains) == 0 {
		return errNoCertificate
	}
	leaf := c.PeerCertificates[0]
	if len(r.patterns) == 0 {
		return nil
	}
	for _, p := range r.patterns {
		if permits(p, leaf) {
			return nil
		}
	}
	return &subjectError{leaf.Subject.String()}
}

// attributes are the parts of a subject that a pattern can name.
var attributes = map[string]func(pkix.Name) []string{
	"CN": func(n pkix.Name) []string { return []string{n.CommonName} },
	"O":  func(n pkix.Name) []string { return n.Organization },
	"OU": func(n pkix.Name) []string { return n.OrganizationalUnit },
	"C":  func(n pkix.Name) []string { return n.Country },
	"L":  func(n pkix.Name) []string { return n.Locality },
	"ST": func(n pkix.Name) []string { return n.Province },
}

// permits reports whether a certificate fits a pattern: "O=Acme" looks at one
// attribute of the subject, other patterns at the common name and at every
// alternative name. "*" stands for any text, also an empty one. Letters are the
// same in both cases, but for those of URIs.
func permits(pattern string, c *x509.Certificate) bool {
	if name, rest, ok := strings.Cut(pattern, "="); ok {
		if values := attributes[strings.ToUpper(name)]; values != nil {
			return anyFits(rest, values(c.Subject))
		}
	}
	names := append([]string{c.Subject.CommonName}, c.DNSNames...)
	names = append(names, c.EmailAddresses...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if anyFits(pattern, names) {
		return true
	}
	for _, u := range c.URIs {
		if fits(pattern, u.String()) {
			return true
		}
	}
	return false
}

// anyFits reports whether one of the values fits, in letters of either case. An
// empty value fits nothing.
func anyFits(pattern string, values []string) bool {
	for _, v := range values {
		if v != "" && fits(strings.ToLower(pattern), strings.ToLower(v)) {
			return true
		}
	}
	return false
}

// fits reports whether text is pattern, in which "*" stands for any text.
func fits(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	last := len(parts) - 1
	if last == 0 {
		return pattern == text
	}
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	for _, p := range parts[1:last] {
		i := strings.Index(rest, p)
		if i < 0 {
			return false
		}
		rest = rest[i+len(p):]
	}
	return strings.HasSuffix(rest, parts[last])
}

// checkSubject looks at one pattern of -tls-client-subject.
func checkSubject(pattern string) error {
	if name, rest, ok := strings.Cut(pattern, "="); ok && rest == "" && attributes[strings.ToUpper(name)] != nil {
		return cli.Want("names as web-*.example.com, or an attribute of the subject as O=Acme")
	}
	return nil
}
