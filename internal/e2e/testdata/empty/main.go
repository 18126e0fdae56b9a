// An empty Bubble Tea program: what bargee's start is held against.
package main

import tea "charm.land/bubbletea/v2"

type m struct{}

func (m) Init() tea.Cmd                         { return nil }
func (x m) Update(tea.Msg) (tea.Model, tea.Cmd) { return x, nil }
func (m) View() tea.View                        { return tea.View{Content: "hello", AltScreen: true} }
func main()                                     { tea.NewProgram(m{}).Run() }
