# Completion of ringspec for fish 3.1 or newer: ringspec completion fish | source
function __ringspec_completion
    set -l so_far (commandline -opc) (commandline -ct)
    for line in (_RINGSPEC_COMPLETE=fish $so_far[1] $so_far[2..-1] 2>/dev/null)
        set -l parts (string split \t -- $line)
        switch $parts[1]
            case file
                __fish_complete_path (string replace -r '^.*=' '' -- (commandline -ct))
            case '*'
                printf '%s\t%s\n' $parts[2] $parts[3]
        end
    end
end
complete --command ringspec --no-files --keep-order --arguments '(__ringspec_completion)'
