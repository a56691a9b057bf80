package poller

// Registered files: with Config.FixedFiles, slot i of the FD table has entry i
// of every ring's file table, as a request goes to whichever ring its caller
// runs on. The FD keeps its ordinary descriptor, for SyscallConn and File.

// registerTables makes the tables. Where it cannot, there are none, and the
// status says why.
func (p *Poller) registerTables() {
	if p.cfg.FixedFiles == 0 || p.mode == Shared {
		return
	}
	for _, c := range p.cores {
		if err := c.driven.RegisterFiles(p.cfg.FixedFiles); err != nil {
			p.note("no registered files: " + err.Error())
			return
		}
	}
	p.files = p.cfg.FixedFiles
}

// enterFile enters the FD's descriptor in every table, if it has a place.
func (fd *FD) enterFile() {
	if int(fd.place.Slot) >= fd.p.files {
		return
	}
	for _, c := range fd.p.cores {
		if !c.driven.UpdateFile(fd.place.Slot, int32(fd.sysfd)) {
			fd.dropFile()
			return
		}
	}
	fd.fixed = true
}

// dropFile takes it out again. Until then the tables hold the file: closing
// the descriptor alone would not end the connection.
func (fd *FD) dropFile() {
	for _, c := range fd.p.cores {
		c.driven.UpdateFile(fd.place.Slot, -1)
	}
}
