package transport

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// alpn names the protocol inside TLS.
const alpn = "bargee/1"

// tlsConfig returns the TLS both sides use. It is the one place where
// certificates are not verified the usual way: there is no authority to ask.
// VerifyConnection demands that the peer holds one Ed25519 key; whether it is
// the right key is decided by the caller (pinned keys) or by a proof.
func (id *Identity) tlsConfig() (*tls.Config, error) {
	cert, err := id.certificate()
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{alpn},
		Certificates:           []tls.Certificate{cert},
		ClientAuth:             tls.RequireAnyClientCert,
		InsecureSkipVerify:     true,
		VerifyConnection:       verifyConnection,
		SessionTicketsDisabled: true, // every connection proves the key anew
	}, nil
}

func verifyConnection(s tls.ConnectionState) error {
	switch {
	case s.Version != tls.VersionTLS13:
		return errors.New("the peer does not speak TLS 1.3")
	case s.NegotiatedProtocol != alpn:
		return errors.New("the peer does not speak " + alpn)
	case len(s.PeerCertificates) != 1:
		return fmt.Errorf("the peer shows %d certificates, not one", len(s.PeerCertificates))
	}
	if _, ok := s.PeerCertificates[0].PublicKey.(ed25519.PublicKey); !ok {
		return errors.New("the peer's key is not Ed25519")
	}
	return nil
}

// peerKey returns the key that verifyConnection found.
func peerKey(s tls.ConnectionState) (Fingerprint, error) {
	if err := verifyConnection(s); err != nil {
		return Fingerprint{}, err
	}
	return FingerprintOf(shownKey(s)), nil
}

// shownKey is the key itself, of a connection that verifyConnection let pass.
func shownKey(s tls.ConnectionState) ed25519.PublicKey {
	return s.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
}

// certificate wraps the key for TLS. Only the key in it means anything.
func (id *Identity) certificate() (tls.Certificate, error) {
	from, to := id.from, id.to
	if to.IsZero() {
		from, to = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "bargee"},
		NotBefore:    from,
		NotAfter:     to,
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, id.key.Public(), id.key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: id.key}, nil
}
