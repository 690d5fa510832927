# SPDX-License-Identifier: Apache-2.0
# Completion of netrig(1) for bash. What can stand where is netrig's to say: "netrig completion bash" prints this.

_netrig() {
    local typed=${COMP_LINE:0:COMP_POINT} words=() word piece='' i
    # Bash takes words apart at "=" and ":", too. Put together again is what stands together in the line.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        piece=${typed#"${typed%%[![:space:]]*}"}
        if ((i < COMP_CWORD)); then piece=$word; fi
        if ((i > 0)) && [[ -n $piece && $typed != [[:space:]]* ]]; then
            words[-1]+=$piece
        else
            words+=("$piece")
        fi
        typed=${typed#"${typed%%[![:space:]]*}"}
        typed=${typed#"$piece"}
    done
    local current=${words[-1]} shown
    [[ $piece == [=:] ]] && piece=''
    local taken=${current%"$piece"} # before what bash will put its answer in the place of
    for i in "${!words[@]}"; do words[i]=${words[i]//[\'\"\\]/}; done

    COMPREPLY=()
    while IFS= read -r word; do
        case $word in
        ':files toml')
            compopt -o filenames
            while IFS= read -r word; do
                [[ -d $word || $word == *.toml ]] && COMPREPLY+=("$word")
            done < <(compgen -f -- "${piece//[\'\"\\]/}")
            ;;
        ':files')
            compopt -o filenames
            while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "${piece//[\'\"\\]/}")
            ;;
        ':directories')
            compopt -o filenames
            while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "${piece//[\'\"\\]/}")
            ;;
        ':command '*)
            if declare -F _command_offset >/dev/null; then
                _command_offset $((${word#:command } + 1))
            elif ((${#words[@]} - 2 == ${word#:command })); then
                while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -c -- "$current")
            else
                compopt -o filenames
                while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$piece")
            fi
            return
            ;;
        *)
            shown=${word%%$'\t'*}
            shown=${shown#"$taken"}
            [[ $shown == *= ]] && compopt -o nospace
            # What a quote has begun stays within it: a name that would end it, or be evaluated in it, is not offered.
            if [[ $piece != [\'\"]* ]]; then
                printf -v shown %q "$shown"
            elif [[ $shown == *[\'\"\$\`\\!]* ]]; then
                continue
            fi
            COMPREPLY+=("$shown")
            ;;
        esac
    done < <("${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)
}

complete -F _netrig netrig
