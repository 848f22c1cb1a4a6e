# Completion of ringspec for bash 4.4 or newer: eval "$(ringspec completion bash)"
_ringspec_completion() {
    local kind text help
    COMPREPLY=()
    while IFS=$'\t' read -r kind text help; do
        case $kind in
            file) compopt -o default 2>/dev/null ;;
            part) compopt -o nospace 2>/dev/null; COMPREPLY+=("$text") ;;
            *) COMPREPLY+=("$text") ;;
        esac
    done < <(_RINGSPEC_COMPLETE=bash "$1" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o nosort -F _ringspec_completion ringspec
