package rt

// Go starts a goroutine that lives as long as the engine. Programs that adopt has
// built have it start them as the runtime's own (poller/stdhook).
var Go = func(f func()) { go f() }
