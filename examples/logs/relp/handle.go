package relp

import "bytes"

// handle handles a frame. It reports false if emit has refused it.
func (p *Parser) handle(h *header, data []byte, cut bool, emit func(uint32, []byte) bool) bool {
	switch string(h.command) {
	case "syslog":
		p.Cut = cut
		taken := emit(h.txnr, data)
		p.Cut = false
		if !taken {
			return false
		}
		if cut {
			p.Oversized++
		}
	case "open":
		if bytes.Contains(data, []byte("commands=")) && !bytes.Contains(data, []byte("syslog")) {
			p.Out = appendFrame(p.Out, h.txnr, "rsp", []byte("500 syslog is the only command here"))
			break
		}
		p.Out = appendFrame(p.Out, h.txnr, "rsp", []byte(offers))
	case "close":
		p.Out = appendFrame(p.Out, h.txnr, "rsp", []byte("200 OK"))
		p.Out = append(p.Out, serverClosed...)
		p.Closed = true
	default:
		p.Out = appendFrame(p.Out, h.txnr, "rsp", []byte("500 unknown command"))
	}
	p.last = h.txnr
	return true
}

// Spill emits what there is of an unfinished message as one that the next
// continues, and gives the buffer back. (One byte stays, so that there is a next.)
// If emit refuses, the message comes again with the next Feed.
func (p *Parser) Spill(emit func(txnr uint32, msg []byte) bool) {
	if p.err != nil || p.spill || p.state < inData || p.state == complete || len(p.part) < minSpill || string(p.h.command) != "syslog" {
		return
	}
	p.spill = true
	p.spillPart(emit)
}

// spillPart emits part but for its last byte.
func (p *Parser) spillPart(emit func(uint32, []byte) bool) bool {
	last := len(p.part) - 1
	p.More = true
	taken := emit(p.h.txnr, p.part[:last])
	p.More = false
	if !taken {
		return false
	}
	p.spill = false
	rest := p.part[last]
	p.release()
	p.part = append(p.one[:0], rest)
	p.need -= last
	return true
}
