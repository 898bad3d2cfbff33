import Terminal

/// The scales on the screen, so that the next ones don't flutter around a round number.
struct GraphScales: Hashable, Sendable {
    /// What they are of; other plots have nothing to remember.
    struct Subject: Hashable, Sendable {
        var kind: GraphKind
        var row: RowID
        var secondsPerStep: Int
        var set: GraphSet
        var width: Int
    }

    private var subject: Subject?
    private var lastSecond: Int?
    private var scales: [GraphScale] = []

    /// The scale of a plot; nil if it is not what these are of.
    func scale(_ plot: Int, of subject: Subject) -> GraphScale? {
        subject == self.subject && plot < scales.count ? scales[plot] : nil
    }

    /// Whether scales for this subject up to this second are there already.
    func isCurrent(_ subject: Subject, lastSecond: Int) -> Bool {
        subject == self.subject && lastSecond == self.lastSecond
    }

    /// Takes the peaks of the plots, left to right.
    mutating func update(_ subject: Subject, lastSecond: Int, peaks: [(peak: Double, floor: Double)]) {
        let previous = subject == self.subject && peaks.count == scales.count ? scales.map(Optional.some) : []
        scales = peaks.enumerated().map { index, plot in
            GraphScale(peak: plot.peak, floor: plot.floor, previous: index < previous.count ? previous[index] : nil)
        }
        self.subject = subject
        self.lastSecond = lastSecond
    }
}
