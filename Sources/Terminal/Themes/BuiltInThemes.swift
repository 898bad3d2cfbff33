/// The shipped themes, compiled in so that a lone binary has them. A test holds them equal to the files in `themes/`.
package enum BuiltInThemes {
    package static let all = ["dark": dark, "light": light, "mono": mono]

    private static let dark = """
        # Shoal's default: light text on a dark screen. The format is described in mono.theme.

        text = #d8dee9 on #14181f
        text.dim = #8b95a7
        text.strong = #ffffff bold
        title = #88c0d0 bold

        frame = #7a8699
        frame.development = #7a8699
        frame.staging = #ebcb8b
        frame.production = #ff7b85 bold
        frame.focused = #88c0d0 bold

        table.header = #81a1c1 bold
        table.row = #d8dee9
        table.selected = #ffffff on #2e5378 bold
        table.marked = #ebcb8b on #2a2f3a

        state.running = #a3be8c
        state.starting = #ebcb8b
        state.syncing = #88c0d0
        state.stopping = #ebcb8b
        state.stopped = #9aa5b8
        state.failed = #ff7b85 bold
        state.unreachable = #ff7b85 underline
        role.leader = #ebcb8b bold
        role.replica = #a9b7cf

        graph.read = #88c0d0
        graph.write = #d9a06c
        graph.axis = #8b95a7
        graph.scale = #8b95a7

        series.1 = #88c0d0
        series.2 = #ebcb8b
        series.3 = #b48ead
        series.4 = #a3be8c
        series.5 = #e0876a
        series.6 = #9aa8f0
        series.7 = #e5e9f0
        series.8 = #4fc1a6

        heat.1 = #6c90b8
        heat.2 = #88c0d0
        heat.3 = #ebcb8b
        heat.4 = #ff7b85
        slot.moving = #ffffff bold underline

        key = #ebcb8b bold
        hint = #a9b7cf

        event.info = #a9b7cf
        event.warning = #ebcb8b
        event.error = #ff7b85 bold

        dialog = #e5e9f0 on #27303d
        dialog.title = #88c0d0 bold
        dialog.button = #e5e9f0 on #3b4a5f
        dialog.button.selected = #14181f on #88c0d0 bold
        dialog.danger = #ff9aa2 bold
        input = #ffffff on #10141a
        input.cursor = #14181f on #88c0d0
        filter = #14181f on #ebcb8b
        filter.match = #ebcb8b on #14181f bold underline

        progress.done = #a3be8c
        progress.left = #8b95a7

        good = #a3be8c
        warn = #ebcb8b
        bad = #ff7b85 bold
        demo = #14181f on #b48ead bold
        """

    private static let light = """
        # Dark text on a light screen. The format is described in mono.theme.

        text = #24292f on #fbfbfa
        text.dim = #626a73
        text.strong = #000000 bold
        title = #0b5a8a bold

        frame = #6b737c
        frame.development = #6b737c
        frame.staging = #8a5a00
        frame.production = #b3172a bold
        frame.focused = #0b5a8a bold

        table.header = #0b5a8a bold
        table.row = #24292f
        table.selected = #ffffff on #1f5f99 bold
        table.marked = #6b4600 on #efe9d8

        state.running = #1c6b2c
        state.starting = #855600
        state.syncing = #0b5a8a
        state.stopping = #855600
        state.stopped = #626a73
        state.failed = #b3172a bold
        state.unreachable = #b3172a underline
        role.leader = #7d5100 bold
        role.replica = #4a5560

        graph.read = #0b5a8a
        graph.write = #a04a00
        graph.axis = #626a73
        graph.scale = #626a73

        series.1 = #0b5a8a
        series.2 = #855600
        series.3 = #7d3f98
        series.4 = #1c6b2c
        series.5 = #b3172a
        series.6 = #3d4ec2
        series.7 = #24292f
        series.8 = #00695f

        heat.1 = #4f7396
        heat.2 = #0b5a8a
        heat.3 = #855600
        heat.4 = #b3172a
        slot.moving = #000000 bold underline

        key = #7d5100 bold
        hint = #4a5560

        event.info = #4a5560
        event.warning = #855600
        event.error = #b3172a bold

        dialog = #24292f on #e6ebf0
        dialog.title = #0b5a8a bold
        dialog.button = #24292f on #cfd8e1
        dialog.button.selected = #ffffff on #1f5f99 bold
        dialog.danger = #a31022 bold
        input = #000000 on #ffffff
        input.cursor = #ffffff on #1f5f99
        filter = #24292f on #f2d98a
        filter.match = #7d5100 on #fbfbfa bold underline

        progress.done = #1c6b2c
        progress.left = #626a73

        good = #1c6b2c
        warn = #855600
        bad = #b3172a bold
        demo = #ffffff on #74468a bold
        """

    private static let mono = """
        # Attributes only: for paper white, e-ink and colour-blind eyes. Also the description of the format.
        #
        #     inherits = dark                        start from another theme
        #     role = [foreground] [on background] [bold] [dim] [reverse] [underline]
        #
        # Colours are #rrggbb, default, or black, red, green, yellow, blue, magenta, cyan, white and bright-black ...
        # bright-white. Terminals with fewer colours get the nearest ones. A role that is missing takes its style from the
        # group before its last dot, and last from text: table.header -> table -> text. Your own themes go to
        # ~/.config/shoal/themes/NAME.theme and come before the shipped ones.

        text = default on default
        text.dim = dim
        text.strong = bold
        title = bold

        frame = default
        frame.staging = bold
        frame.production = bold reverse
        frame.focused = bold

        table.header = bold underline
        table.selected = reverse
        table.marked = underline

        state.starting = dim
        state.syncing = dim
        state.stopping = dim
        state.stopped = dim
        state.failed = bold reverse
        state.unreachable = bold underline
        role.leader = bold

        graph.write = bold
        graph.axis = dim
        graph.scale = dim

        series.2 = bold
        series.3 = underline
        series.4 = dim
        series.5 = bold underline
        series.6 = bold
        series.8 = underline

        heat.4 = bold
        slot.moving = bold underline

        key = bold

        event.warning = bold
        event.error = bold reverse

        dialog.title = bold
        dialog.button = default
        dialog.button.selected = reverse
        dialog.danger = bold underline
        input = underline
        input.cursor = reverse
        filter = reverse
        filter.match = bold underline

        warn = bold
        bad = bold reverse
        demo = reverse
        """
}
