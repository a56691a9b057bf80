package uringnet

// An EnvSetting is a row of the table of what URINGNET may set.
type EnvSetting struct{ Name, Values, Doc string }

// EnvSettings returns the table.
func EnvSettings() (list []EnvSetting) {
	for _, s := range envSettings {
		list = append(list, EnvSetting{s.name, s.values, s.doc})
	}
	return list
}

// ApplyEnv returns what a program's Config becomes under a value of URINGNET.
func ApplyEnv(c Config, value string) (Config, error) {
	err := applyEnv(&c, value)
	return c, err
}
