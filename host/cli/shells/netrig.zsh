#compdef netrig
# SPDX-License-Identifier: Apache-2.0
# Completion of netrig(1) for zsh. What can stand where is netrig's to say: "netrig completion zsh" prints this.

_netrig() {
    local -a typed found
    local answer word help
    typed=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
    for answer in "${(@f)$(_call_program netrig ${(q)words[1]} complete -- ${(q)typed} 2>/dev/null)}"; do
        case $answer in
        ':files toml')
            [[ $PREFIX == --*=* ]] && compset -P '*='
            _files -g '*.toml(-.)'
            ;;
        ':files')
            [[ $PREFIX == --*=* ]] && compset -P '*='
            _files
            ;;
        ':directories')
            [[ $PREFIX == --*=* ]] && compset -P '*='
            _files -/
            ;;
        ':command '*)
            shift $((${answer#:command } + 1)) words
            ((CURRENT -= ${answer#:command } + 1))
            _normal
            return
            ;;
        ?*)
            word=${answer%%$'\t'*}
            help=${answer#*$'\t'}
            [[ $answer == *$'\t'* ]] || help=
            found+=("${word//:/\\:}${help:+:$help}")
            ;;
        esac
    done
    if (($#found)); then
        if [[ ${found[1]} == *= ]]; then _describe netrig found -S ''; else _describe netrig found; fi
    fi
}

_netrig "$@"
