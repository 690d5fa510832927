# SPDX-License-Identifier: Apache-2.0
# Completion of netrig(1) for fish. What can stand where is netrig's to say: "netrig completion fish" prints this.

function __netrig_complete
    set -l before (commandline -opc)
    set -l typed (commandline -ct)
    for answer in (command $before[1] complete -- $before[2..-1] "$typed" 2>/dev/null)
        switch $answer
            case ':files toml'
                __fish_complete_suffix .toml
            case ':files'
                __fish_complete_path (string replace -r '^--[^=]*=' '' -- "$typed")
            case ':directories'
                __fish_complete_directories (string replace -r '^--[^=]*=' '' -- "$typed")
            case ':command *'
                # From its first word on, as a line of its own.
                set -l first (math (string replace ':command ' '' -- $answer) + 2)
                set -l line
                test (count $before) -ge $first && set line (string escape -- $before[$first..-1])
                complete -C (string join ' ' -- $line "$typed")
            case '*'
                echo $answer
        end
    end
end

complete -c netrig -f -a '(__netrig_complete)'
