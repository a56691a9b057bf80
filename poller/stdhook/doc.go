// Package stdhook serves the stream sockets of package net itself, in programs that
// uringnet/adopt has built. There it is part of the standard library's own tree, as
// internal/uringnet/github.com/uringnet/go-uringnet/poller/stdhook, and package net
// imports it; nothing else should. A program asks by package uringnet/adopted.
//
// The environment of the program decides:
//
//	URINGNET=off             package net is as it was: every socket is std's
//	URINGNET=transfer=WAY    how bytes move: auto, direct, batch or ring (default auto)
//	URINGNET_STATS=FILE      the state, in JSON, is written to FILE once a second
//
// Other settings of URINGNET, which are those of package uringnet, are for engines that
// the program makes by itself, and are left to them.
package stdhook
