# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors

function __kvm_manager_commands
    LC_ALL=C.UTF-8 kvm-manager list --help 2>/dev/null |
        sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
end

function __kvm_manager_options
    LC_ALL=C.UTF-8 kvm-manager list --help 2>/dev/null |
        sed -n 's/^  \(-[a-zA-Z], \)\{0,1\}\(--[a-z-]*\).*/\2/p'
end

function __kvm_manager_machines
    timeout 5 kvm-manager list --json 2>/dev/null |
        sed -n 's/^ *"name" *: *"\([^"\\\\]*\)",\{0,1\}$/\1/p'
end

complete -c kvm-manager -n __fish_use_subcommand -f -a '(__kvm_manager_commands)'
complete -c kvm-manager -n 'not __fish_use_subcommand' -a '(__kvm_manager_machines)'
complete -c kvm-manager -f -a '(__kvm_manager_options)' -n 'string match -q -- "-*" (commandline -ct)'
