// Package relp speaks RELP, the protocol of rsyslog's omrelp and imrelp, in
// which the receiver acknowledges each message. Parser is the receiver's side,
// Client the sender's. A frame is
//
//	TXNR SP COMMAND SP DATALEN [SP DATA] LF
//
// with the number of the transaction, which rises by one, and a response to each
// ("rsp"). The protocol is described at https://rsyslog.readthedocs.io/projects/librelp.
package relp
