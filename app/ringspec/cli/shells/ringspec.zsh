#compdef ringspec
# Completion of ringspec for zsh, after compinit: eval "$(ringspec completion zsh)"
_ringspec() {
    local line kind text help
    local -a words_so_far shown values parts
    words_so_far=("${(@)words[2,CURRENT]}")
    for line in "${(@f)$(_RINGSPEC_COMPLETE=zsh ${words[1]} "${(@)words_so_far}" 2>/dev/null)}"; do
        kind=${line%%$'\t'*} text=${${line#*$'\t'}%%$'\t'*} help=${line##*$'\t'}
        case $kind in
            file) compset -P '*='; _files ;;
            part) parts+=("$text") ;;
            word) values+=("${text//:/\\:}${help:+:$help}") ;;
        esac
    done
    (( $#parts )) && compadd -S '' -a parts
    (( $#values )) && _describe -V ringspec values
    return 0
}
if [[ $funcstack[1] == _ringspec ]]; then
    _ringspec "$@"
else
    compdef _ringspec ringspec
fi
